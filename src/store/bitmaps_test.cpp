#include "store/bitmaps.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace postern::store {
namespace {

using namespace std::chrono_literals;
using core::SlotState;

const Timestamp start = from_seconds(1'800'000'000);

ListInfo make_list(std::uint32_t slots = 1000) {
    return {core::ListId::make(start), "key", start + 30min, slots, false};
}

TEST(Bitmaps, KnowsNothingOfAnUnknownList) {
    const Bitmaps bitmaps(2s);
    EXPECT_EQ(bitmaps.state({core::ListId::make(start), 0}), SlotState::unknown);
}

TEST(Bitmaps, TellsSlotsApart) {
    Bitmaps bitmaps(2s);
    const auto list = make_list();
    const auto other = make_list();
    bitmaps.put_list(list);
    bitmaps.put_list(other);
    bitmaps.revoke({list.id, 64});
    for (std::uint32_t index = 0; index < list.slots; ++index) {
        EXPECT_EQ(bitmaps.state({list.id, index}), index == 64 ? SlotState::revoked : SlotState::live) << index;
        EXPECT_EQ(bitmaps.state({other.id, index}), SlotState::live) << index;
    }
}

TEST(Bitmaps, KnowsNothingPastTheEnd) {
    Bitmaps bitmaps(2s);
    const auto list = make_list(65);
    bitmaps.put_list(list);
    bitmaps.revoke({list.id, 65});
    bitmaps.revoke({list.id, UINT32_MAX});
    EXPECT_EQ(bitmaps.state({list.id, 64}), SlotState::live);
    EXPECT_EQ(bitmaps.state({list.id, 65}), SlotState::unknown);
    EXPECT_EQ(bitmaps.state({list.id, UINT32_MAX}), SlotState::unknown);
}

TEST(Bitmaps, KeepsARevocationThatComesBeforeItsList) {
    Bitmaps bitmaps(2s);
    const auto list = make_list();
    bitmaps.revoke({list.id, 7});
    EXPECT_EQ(bitmaps.state({list.id, 7}), SlotState::unknown);
    bitmaps.drop_lists_expired_at(start);
    bitmaps.put_list(list);  // from a snapshot that is older than the revocation
    EXPECT_EQ(bitmaps.state({list.id, 7}), SlotState::revoked);
    EXPECT_EQ(bitmaps.state({list.id, 8}), SlotState::live);
}

TEST(Bitmaps, RefusesEverySlotOfARevokedList) {
    Bitmaps bitmaps(2s);
    auto list = make_list();
    bitmaps.put_list(list);
    list.revoked = true;
    bitmaps.put_list(list);
    EXPECT_EQ(bitmaps.state({list.id, 7}), SlotState::revoked);
    EXPECT_EQ(bitmaps.state({list.id, list.slots}), SlotState::unknown);
}

TEST(Bitmaps, NeverTakesARevocationBack) {
    Bitmaps bitmaps(2s);
    auto list = make_list();
    bitmaps.put_list(list, std::vector<std::uint32_t>{1, 5});
    bitmaps.revoke({list.id, 5});
    bitmaps.revoke({list.id, 6});
    bitmaps.put_list(list);
    for (const std::uint32_t index : {1U, 5U, 6U}) EXPECT_EQ(bitmaps.state({list.id, index}), SlotState::revoked);
    EXPECT_EQ(bitmaps.state({list.id, 2}), SlotState::live);

    list.revoked = true;
    bitmaps.put_list(list);
    list.revoked = false;
    bitmaps.put_list(list);
    EXPECT_EQ(bitmaps.state({list.id, 2}), SlotState::revoked);
}

TEST(Bitmaps, DropsAListWhenItsWindowHasPassed) {
    Bitmaps bitmaps(2s);
    const auto list = make_list();
    bitmaps.put_list(list);
    bitmaps.drop_lists_expired_at(list.expires_at - 1ms);
    EXPECT_EQ(bitmaps.list_count(), 1U);
    EXPECT_GE(bitmaps.memory_bytes(), 1000U / 8);
    bitmaps.drop_lists_expired_at(list.expires_at);
    EXPECT_EQ(bitmaps.list_count(), 0U);
    EXPECT_EQ(bitmaps.memory_bytes(), 0U);
    EXPECT_EQ(bitmaps.state({list.id, 0}), SlotState::unknown);
    bitmaps.revoke({list.id, 0});
    EXPECT_EQ(bitmaps.state({list.id, 0}), SlotState::unknown);
}

TEST(Bitmaps, DropsTheListsItIsTold) {
    Bitmaps bitmaps(2s);
    const auto kept = make_list();
    const auto lost = make_list();
    bitmaps.put_list(kept);
    bitmaps.put_list(lost);
    bitmaps.drop(std::vector{lost.id, core::ListId::make(start)});
    EXPECT_EQ(bitmaps.list_ids(), std::vector{kept.id});
}

TEST(Bitmaps, IsFreshFromAPollsBeginningToTheBound) {
    Bitmaps bitmaps(10s);
    const auto now = std::chrono::steady_clock::now();
    EXPECT_FALSE(bitmaps.is_fresh());
    bitmaps.mark_fresh(now - 11s);
    EXPECT_FALSE(bitmaps.is_fresh());
    bitmaps.mark_fresh(now - 5s);
    EXPECT_TRUE(bitmaps.is_fresh());
    bitmaps.mark_fresh(now - 11s);  // a slow poll that ends after a quick one
    EXPECT_TRUE(bitmaps.is_fresh());
    EXPECT_GE(bitmaps.age().count(), 5.0);
    EXPECT_LT(bitmaps.age().count(), 10.0);
}

TEST(Bitmaps, AreNotFreshAfterADoubtUntilALaterPoll) {
    Bitmaps bitmaps(10s);
    const auto before = std::chrono::steady_clock::now();
    bitmaps.mark_fresh(before);
    bitmaps.doubt();
    EXPECT_FALSE(bitmaps.is_fresh());
    bitmaps.mark_fresh(before);  // it began too early to know
    EXPECT_FALSE(bitmaps.is_fresh());
    std::this_thread::sleep_for(1ms);
    bitmaps.mark_fresh(std::chrono::steady_clock::now());
    EXPECT_TRUE(bitmaps.is_fresh());
}

TEST(Bitmaps, ServesReadersWhileItIsWritten) {
    Bitmaps bitmaps(2s);
    const auto list = make_list(1U << 16U);
    bitmaps.put_list(list);
    std::atomic<std::uint32_t> revoked{0};
    std::atomic<bool> wrong{false};
    std::vector<std::thread> readers;
    for (int reader = 0; reader < 3; ++reader) {
        readers.emplace_back([&] {
            while (revoked < list.slots && !wrong) {
                const std::uint32_t below = revoked;
                if (below > 0 && bitmaps.state({list.id, below - 1}) != SlotState::revoked) wrong = true;
                if (bitmaps.state({list.id, list.slots}) != SlotState::unknown) wrong = true;
            }
        });
    }
    for (std::uint32_t index = 0; index < list.slots; ++index) {
        bitmaps.revoke({list.id, index});
        revoked = index + 1;
        if (index % 4096 == 0) bitmaps.put_list(make_list());
        if (index % 8192 == 0) bitmaps.drop_lists_expired_at(start);
    }
    for (auto& reader : readers) reader.join();
    EXPECT_FALSE(wrong);
}

}  // namespace
}  // namespace postern::store
