// What the bitmaps tell others: lists as zlib data, and each bit once.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <iostream>
#include <random>
#include <set>
#include <thread>

#include "base/limits.hpp"
#include "base/zlib.hpp"
#include "store/bitmaps.hpp"
#include "store/compressed_bits.hpp"

namespace postern::store {
namespace {

using namespace std::chrono_literals;
using core::RevocationChange;
using Bytes = std::vector<std::uint8_t>;
using Kind = RevocationChange::Kind;

const Timestamp start = from_seconds(1'800'000'000);
constexpr std::uint32_t block_slots = CompressedBits::block_bytes * 8;

ListInfo make_list(std::uint32_t slots) {
    return {core::ListId::make(start), "key", start + 30min, slots, false};
}

Bytes bits_of(const core::PublishedList& list, std::uint32_t slots) {
    const auto bytes = inflate_zlib(*list.zlib, (slots + 7) / 8);
    EXPECT_TRUE(bytes.has_value());
    return bytes.has_value() ? *bytes : Bytes();
}

bool is_set(const Bytes& bytes, std::uint32_t index) {
    return (bytes.at(index / 8) >> (index % 8) & 1U) != 0;
}

TEST(PublishedLists, SayWhatTheyAreAbout) {
    Bitmaps bitmaps(2s);
    EXPECT_FALSE(bitmaps.publish(core::ListId::make(start)).has_value());
    EXPECT_FALSE(bitmaps.version_of(core::ListId::make(start)).has_value());
    const auto list = make_list(1000);
    bitmaps.put_list(list);
    bitmaps.revoke({list.id, 0});
    bitmaps.revoke({list.id, 9});
    const auto published = bitmaps.publish(list.id).value();
    EXPECT_EQ(published.id, list.id);
    EXPECT_EQ(published.kid, "key");
    EXPECT_EQ(published.expires_at, list.expires_at);
    EXPECT_FALSE(published.revoked);
    EXPECT_EQ(published.version, bitmaps.version_of(list.id));
    auto expected = Bytes(125);
    expected[0] = 1;  // the least significant bit first
    expected[1] = 2;
    EXPECT_EQ(bits_of(published, 1000), expected);
}

TEST(PublishedLists, MoveOnWithNewBitsOnly) {
    Bitmaps bitmaps(2s);
    const auto list = make_list(1000);
    bitmaps.put_list(list, std::vector<std::uint32_t>{3});
    const auto first = bitmaps.publish(list.id).value();
    bitmaps.revoke({list.id, 3});
    bitmaps.revoke({list.id, 1000});  // past the end
    bitmaps.put_list(list, std::vector<std::uint32_t>{3});
    EXPECT_EQ(bitmaps.version_of(list.id), first.version);
    EXPECT_EQ(bitmaps.publish(list.id)->zlib, first.zlib) << "the same data, not another";
    bitmaps.revoke({list.id, 4});
    EXPECT_GT(bitmaps.version_of(list.id), first.version);
    EXPECT_NE(*bitmaps.publish(list.id)->zlib, *first.zlib);
    EXPECT_TRUE(is_set(bits_of(*bitmaps.publish(list.id), 1000), 4));
    EXPECT_FALSE(is_set(bits_of(first, 1000), 4)) << "what was handed out stays as it was";
}

TEST(PublishedLists, OfARevokedKeyAreAllOnes) {
    Bitmaps bitmaps(2s);
    auto list = make_list(limits::list_slots);
    bitmaps.put_list(list);
    const auto before = bitmaps.publish(list.id).value();
    list.revoked = true;
    bitmaps.put_list(list);
    const auto after = bitmaps.publish(list.id).value();
    EXPECT_TRUE(after.revoked);
    EXPECT_GT(after.version, before.version);
    EXPECT_EQ(bits_of(after, list.slots), Bytes(list.slots / 8, 0xff));
    bitmaps.revoke({list.id, 5});
    EXPECT_EQ(bitmaps.publish(list.id)->version, bitmaps.version_of(list.id));
    EXPECT_EQ(bits_of(*bitmaps.publish(list.id), list.slots), Bytes(list.slots / 8, 0xff));

    auto new_one = make_list(9);
    new_one.revoked = true;
    bitmaps.put_list(new_one);
    EXPECT_EQ(bits_of(*bitmaps.publish(new_one.id), 9), Bytes(2, 0xff));
}

TEST(PublishedLists, GiveTheirMemoryBack) {
    Bitmaps bitmaps(2s);
    const auto list = make_list(limits::list_slots);
    bitmaps.put_list(list);
    const auto bare = bitmaps.memory_bytes();
    std::mt19937 random(1);
    for (int i = 0; i < 500'000; ++i) bitmaps.revoke({list.id, static_cast<std::uint32_t>(random() % list.slots)});
    std::weak_ptr<const Bytes> data;
    {
        const auto published = bitmaps.publish(list.id).value();
        data = published.zlib;
        EXPECT_EQ(bitmaps.memory_bytes(), bare + published.zlib->size());
        EXPECT_LT(published.zlib->size(), list.slots / 8 + 1024) << "bits that nothing compresses cost what they are";
    }
    EXPECT_FALSE(data.expired());
    bitmaps.drop_lists_expired_at(list.expires_at);
    EXPECT_TRUE(data.expired());
    EXPECT_EQ(bitmaps.memory_bytes(), 0U);
}

// Sizes around the ends of words and blocks; flips that cluster in some blocks and leave others alone.
RC_GTEST_PROP(PublishedLists, HoldExactlyTheBitsAfterAnyFlips, ()) {
    const auto slots = *rc::gen::element<std::uint32_t>(1, 7, 64, 65, 1000, block_slots - 1, block_slots,
                                                        block_slots + 1, 3 * block_slots + 77, 5 * block_slots);
    Bitmaps bitmaps(2s);
    const auto list = make_list(slots);
    Bytes expected((slots + 7) / 8);
    std::set<std::uint32_t> flipped;
    std::vector<std::uint32_t> told;
    bitmaps.on_learnt([&told](const RevocationChange& change) {
        if (change.kind == Kind::slots_revoked) told.insert(told.end(), change.slots.begin(), change.slots.end());
    });
    bitmaps.put_list(list);
    const auto rounds = *rc::gen::inRange(1, 8);
    for (int round = 0; round < rounds; ++round) {
        const auto indices = *rc::gen::container<std::vector<std::uint32_t>>(
            rc::gen::inRange<std::uint32_t>(0, std::min(slots, 1U << *rc::gen::inRange(0, 20))));
        bitmaps.revoke(list.id, indices);
        for (const auto index : indices) {
            expected[index / 8] |= static_cast<std::uint8_t>(1U << (index % 8));
            flipped.insert(index);
        }
        const auto published = bitmaps.publish(list.id).value();
        RC_ASSERT(inflate_zlib(*published.zlib, expected.size()).value() == expected);
        RC_ASSERT(published.version == flipped.size());
    }
    std::ranges::sort(told);
    RC_ASSERT(told == std::vector<std::uint32_t>(flipped.begin(), flipped.end()));
}

// The promise that a reader of version_of() relies on: nothing that had been revoked before a version was read is
// missing from a list of that version or a later one.
TEST(PublishedLists, AreNeverOlderThanTheirVersion) {
    Bitmaps bitmaps(2s);
    const auto list = make_list(4 * block_slots);
    bitmaps.put_list(list);
    constexpr std::uint32_t flippers = 2;
    const auto per_flipper = list.slots / flippers;
    std::array<std::atomic<std::uint32_t>, flippers> done{};
    std::atomic<bool> wrong = false;
    std::vector<std::thread> threads;
    for (std::uint32_t flipper = 0; flipper < flippers; ++flipper) {
        threads.emplace_back([&, flipper] {
            for (std::uint32_t i = 0; i < per_flipper; i += 7) {
                bitmaps.revoke({list.id, i * flippers + flipper});
                done[flipper] = i + 1;
            }
        });
    }
    const auto publish = [&] {
        while (!wrong) {
            const std::array<std::uint32_t, flippers> before{done[0], done[1]};
            const auto version = bitmaps.version_of(list.id).value();
            const auto published = bitmaps.publish(list.id).value();
            const auto bits = bits_of(published, list.slots);
            if (published.version < version) wrong = true;
            std::uint64_t set = 0;
            for (const auto byte : bits) set += static_cast<std::uint64_t>(std::popcount(byte));
            if (set < published.version) wrong = true;
            for (std::uint32_t flipper = 0; flipper < flippers; ++flipper) {
                if (before[flipper] > 0 && !is_set(bits, (before[flipper] - 1) * flippers + flipper)) wrong = true;
            }
            if (std::ranges::all_of(before, [&](auto last) { return last + 7 > per_flipper; })) break;
        }
    };
    threads.emplace_back(publish);
    publish();
    for (auto& thread : threads) thread.join();
    EXPECT_FALSE(wrong);
    EXPECT_EQ(bitmaps.publish(list.id)->version, bitmaps.version_of(list.id));
}

TEST(RevocationsLearnt, AreToldOnceInOrderAndTogether) {
    Bitmaps bitmaps(2s);
    std::vector<RevocationChange> told;
    bitmaps.on_learnt([&](const RevocationChange& change) {
        for (const auto slot : change.slots) {
            EXPECT_EQ(bitmaps.state({change.list, slot}), core::SlotState::revoked) << "told before it was so";
        }
        told.push_back(change);
    });
    auto list = make_list(1000);
    bitmaps.revoke({list.id, 7});
    EXPECT_TRUE(told.empty()) << "nothing is known of that list yet";
    bitmaps.put_list(list, std::vector<std::uint32_t>{5});
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0].kind, Kind::list_opened);
    EXPECT_EQ(told[0].list, list.id);
    EXPECT_EQ(told[0].expires_at, list.expires_at);
    EXPECT_EQ(told[1].kind, Kind::slots_revoked);
    EXPECT_EQ(told[1].slots, (std::vector<std::uint32_t>{5, 7}));
    told.clear();

    bitmaps.revoke(list.id, std::vector<std::uint32_t>{5, 6, 8, 6, 2000});
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].slots, (std::vector<std::uint32_t>{6, 8}));
    told.clear();
    bitmaps.put_list(list, std::vector<std::uint32_t>{5, 6, 7, 8});
    EXPECT_TRUE(told.empty());

    list.revoked = true;
    bitmaps.put_list(list);
    bitmaps.put_list(list);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].kind, Kind::list_revoked);
    told.clear();

    auto new_and_revoked = make_list(10);
    new_and_revoked.revoked = true;
    bitmaps.put_list(new_and_revoked);
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0].kind, Kind::list_opened);
    EXPECT_EQ(told[1].kind, Kind::list_revoked);
    told.clear();

    bitmaps.drop(std::vector{new_and_revoked.id, core::ListId::make(start)});
    ASSERT_EQ(told.size(), 1U) << "its tokens are refused here from now on, so nobody else may accept them";
    EXPECT_EQ(told[0].kind, Kind::list_revoked);
    EXPECT_EQ(told[0].list, new_and_revoked.id);
    told.clear();
    bitmaps.drop_lists_expired_at(list.expires_at);
    EXPECT_TRUE(told.empty()) << "that a list ends was told when it began";
}

TEST(RevocationsLearnt, AreToldOnceWhoeverFlipsThem) {
    Bitmaps bitmaps(2s);
    const auto list = make_list(20'000);
    std::vector<int> told(list.slots);
    bool opened = false;
    bool early = false;
    bitmaps.on_learnt([&](const RevocationChange& change) {
        if (change.kind == Kind::list_opened) opened = true;
        if (change.kind == Kind::slots_revoked && !opened) early = true;
        for (const auto slot : change.slots) ++told[slot];
    });
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&, i] {
            for (std::uint32_t index = 0; index < list.slots; ++index) {
                bitmaps.revoke({list.id, index});
                if (index == 1000U * static_cast<std::uint32_t>(i)) bitmaps.put_list(list);
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_FALSE(early);
    EXPECT_EQ(std::ranges::count(told, 1), list.slots);
}

// Figures for people; asserts what must hold on any machine.
TEST(PublishedLists, OfAMillionSlotsAreSmallAndQuicklyMadeAgain) {
    using Clock = std::chrono::steady_clock;
    const auto milliseconds = [](Clock::duration time) {
        return std::chrono::duration<double, std::milli>(time).count();
    };
    Bitmaps bitmaps(2s);
    const auto list = make_list(limits::list_slots);
    std::mt19937 random(7);
    std::set<std::uint32_t> revoked;
    while (revoked.size() < limits::list_slots / 100) revoked.insert(static_cast<std::uint32_t>(random() % list.slots));
    bitmaps.put_list(list, std::vector<std::uint32_t>(revoked.begin(), revoked.end()));

    // The best of several: others may use the machine.
    constexpr int rounds = 20;
    auto whole_time = Clock::duration::max();
    for (int round = 0; round < rounds; ++round) {
        Bitmaps fresh(2s);
        fresh.put_list(list, std::vector<std::uint32_t>(revoked.begin(), revoked.end()));
        const auto began = Clock::now();
        EXPECT_TRUE(fresh.publish(list.id).has_value());
        whole_time = std::min(whole_time, Clock::now() - began);
    }
    EXPECT_TRUE(bitmaps.publish(list.id).has_value());
    auto one_block_time = Clock::duration::max();
    for (int round = 0; round < rounds; ++round) {
        bitmaps.revoke({list.id, static_cast<std::uint32_t>(random() % list.slots)});
        const auto began = Clock::now();
        const auto again = bitmaps.publish(list.id).value();
        one_block_time = std::min(one_block_time, Clock::now() - began);
        EXPECT_EQ(again.version, bitmaps.version_of(list.id));
    }
    const auto last = bitmaps.publish(list.id).value();
    const auto in_one_piece = deflate_zlib(bits_of(last, list.slots));
    std::cout << "a million slots, 1 % revoked: " << last.zlib->size() << " bytes (in one piece " << in_one_piece.size()
              << "), whole in " << milliseconds(whole_time) << " ms, after one more bit in "
              << milliseconds(one_block_time) << " ms\n";
    EXPECT_LT(last.zlib->size(), 17'000U);
    EXPECT_LT(one_block_time, whole_time / 2);
}

}  // namespace
}  // namespace postern::store
