#include "store/open_lists.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "base/limits.hpp"

namespace postern::store {
namespace {

using namespace std::chrono_literals;

constexpr auto window = 15min;
const Timestamp start = from_seconds(1'800'000'000);  // a window begins here

ListInfo open(OpenLists& lists, Timestamp now, std::uint32_t slots = limits::list_slots) {
    auto list = lists.list_for("key", now);
    list.slots = slots;
    lists.opened(list);
    return list;
}

TEST(OpenLists, AskForAListFirst) {
    OpenLists lists(window);
    auto slot = lists.reserve("key", start);
    ASSERT_FALSE(slot.has_value());
    EXPECT_EQ(slot.error().code, "list_needed");

    const auto list = open(lists, start);
    EXPECT_EQ(lists.reserve("key", start)->list, list.id);
    EXPECT_FALSE(lists.reserve("another key", start).has_value());
}

TEST(OpenLists, OutliveEveryTokenOfTheirWindow) {
    const OpenLists lists(window);
    const auto first = lists.list_for("key", start);
    const auto last = lists.list_for("key", start + window - 1ms);
    EXPECT_EQ(first.expires_at, last.expires_at);
    EXPECT_GE(last.expires_at, start + window - 1ms + window);
    EXPECT_LE(last.expires_at, start + 2 * window + limits::clock_leeway);
    EXPECT_NE(first.id, last.id);
}

TEST(OpenLists, RollOverWithTheWindow) {
    OpenLists lists(window);
    open(lists, start + 1s);
    EXPECT_TRUE(lists.reserve("key", start).has_value());
    EXPECT_TRUE(lists.reserve("key", start + window - 1ms).has_value());
    EXPECT_FALSE(lists.reserve("key", start + window).has_value());

    const auto next = open(lists, start + window);
    EXPECT_EQ(lists.reserve("key", start + window)->list, next.id);
    // Work that took its `now` just before still finds its window.
    EXPECT_NE(lists.reserve("key", start + window - 1ms)->list, next.id);
}

TEST(OpenLists, AskForAnotherWhenFull) {
    OpenLists lists(window);
    open(lists, start, 3);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(lists.reserve("key", start).has_value());
    EXPECT_EQ(lists.reserve("key", start).error().code, "list_needed");
    const auto second = open(lists, start, 3);
    EXPECT_EQ(lists.reserve("key", start)->list, second.id);
}

TEST(OpenLists, GiveNothingOnceClosed) {
    OpenLists lists(window);
    open(lists, start);
    lists.close_all();
    EXPECT_FALSE(lists.reserve("key", start).has_value());
    EXPECT_TRUE(lists.wanted_ahead(start).empty());
}

TEST(OpenLists, WantTheNextWindowOfAKeyInUse) {
    OpenLists lists(window);
    EXPECT_TRUE(lists.wanted_ahead(start).empty());
    open(lists, start);
    EXPECT_TRUE(lists.wanted_ahead(start).empty()) << "nobody has used it";
    ASSERT_TRUE(lists.reserve("key", start).has_value());

    const auto wanted = lists.wanted_ahead(start);
    ASSERT_EQ(wanted.size(), 1U);
    EXPECT_EQ(wanted[0].kid, "key");
    lists.opened(wanted[0]);
    EXPECT_TRUE(lists.wanted_ahead(start).empty());
    EXPECT_EQ(lists.reserve("key", start + window)->list, wanted[0].id);
}

TEST(OpenLists, WantAReplacementWhenNearlyFull) {
    OpenLists lists(window);
    open(lists, start, 80);
    for (int i = 0; i < 70; ++i) ASSERT_TRUE(lists.reserve("key", start).has_value());
    EXPECT_EQ(lists.wanted_ahead(start).size(), 1U);  // the next window's
    ASSERT_TRUE(lists.reserve("key", start).has_value());
    EXPECT_EQ(lists.wanted_ahead(start).size(), 2U);
    open(lists, start, 80);
    EXPECT_EQ(lists.wanted_ahead(start).size(), 1U);
}

TEST(OpenLists, NeverGiveTheSameSlotTwice) {
    OpenLists lists(window);
    constexpr int threads = 8;
    constexpr int slots_each = 2000;
    std::mutex mutex;
    std::set<std::pair<core::ListId, std::uint32_t>> given;
    std::vector<std::thread> takers;
    for (int taker = 0; taker < threads; ++taker) {
        takers.emplace_back([&] {
            std::vector<core::SlotRef> mine;
            while (mine.size() < slots_each) {
                auto slot = lists.reserve("key", start);
                if (slot.has_value()) {
                    mine.push_back(*slot);
                } else {
                    open(lists, start, 100);
                }
            }
            const std::lock_guard lock(mutex);
            for (const auto& slot : mine) given.emplace(slot.list, slot.index);
        });
    }
    for (auto& taker : takers) taker.join();
    EXPECT_EQ(given.size(), std::size_t{threads * slots_each});
}

}  // namespace
}  // namespace postern::store
