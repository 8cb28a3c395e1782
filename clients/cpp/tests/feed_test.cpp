// What a feed can do wrong, byte by byte and event by event.
#include "feed.hpp"

#include <gtest/gtest.h>

#include "testing.hpp"

namespace postern::client {
namespace {

const std::string issuer = "https://auth.example";
const std::string uri = issuer + "/status-lists/" + list_id;
const core::ListId list = *core::ListId::parse(list_id);
const core::ListId other_list = *core::ListId::parse(other_list_id);

class FeedTest : public testing::Test {
protected:
    Result<void> send(const std::string& name, const json::object& data, std::optional<std::string> id = std::nullopt) {
        return feed_.apply({name, json::serialize(data), std::move(id)}, now_);
    }
    Result<void> send_snapshot(const std::vector<std::uint32_t>& revoked, const std::string& at = uri) {
        return send("snapshot", {{"list", at}, {"expires_at", end_}, {"revoked", false}, {"lst", packed(revoked)}},
                    "s");
    }
    Result<void> beat() { return send("heartbeat", {{"time", to_seconds(clock_.now())}}, "h"); }
    void make_ready(const std::vector<std::uint32_t>& revoked) {
        feed_.connected(now_);
        ASSERT_TRUE(send_snapshot(revoked).has_value());
        ASSERT_TRUE(send("ready", {{"lists", 1}}, "r").has_value());
        ASSERT_TRUE(beat().has_value());
    }
    [[nodiscard]] SlotKnowledge state(std::uint32_t index, const core::ListId& of = list) const {
        return lists_.state({of, index}, now_);
    }

    FakeClock clock_;
    const Steady began_ = std::chrono::steady_clock::now();
    Steady now_ = began_;
    const std::int64_t end_ = to_seconds(clock_.now()) + 3600;
    int keys_changed_ = 0;
    Lists lists_{Milliseconds(15'000)};
    Feed feed_{issuer, lists_, Milliseconds(15'000), clock_, [this] { ++keys_changed_; }};
};

TEST_F(FeedTest, TellsOfEveryRevocation) {
    make_ready({3});
    EXPECT_EQ(state(3), SlotKnowledge::revoked);
    EXPECT_EQ(state(4), SlotKnowledge::live);
    EXPECT_EQ(state(1024), SlotKnowledge::revoked) << "past the end of its list";
    EXPECT_EQ(state(4, other_list), SlotKnowledge::unknown);
    ASSERT_TRUE(send("revoked", {{"list", uri}, {"idx", {4, 9}}}, "c").has_value());
    EXPECT_EQ(state(4), SlotKnowledge::revoked);
    ASSERT_TRUE(send("list", {{"list", issuer + "/status-lists/" + other_list_id}, {"expires_at", end_}}).has_value());
    EXPECT_EQ(state(4, other_list), SlotKnowledge::live);
    ASSERT_TRUE(send("list_revoked", {{"list", uri}}).has_value());
    EXPECT_EQ(state(5), SlotKnowledge::revoked);
    ASSERT_TRUE(send("keys", {}).has_value());
    EXPECT_EQ(keys_changed_, 1);
    EXPECT_EQ(feed_.position(), "c") << "the last that came with one";
}

TEST_F(FeedTest, TakesNothingBackWhenItRepeatsOrReorders) {
    make_ready({});
    ASSERT_TRUE(send("revoked", {{"list", uri}, {"idx", {7}}}).has_value());
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(send("list", {{"list", uri}, {"expires_at", end_}}).has_value());
        ASSERT_TRUE(send_snapshot({}).has_value());
        EXPECT_EQ(state(7), SlotKnowledge::revoked);
    }
    // A revocation before the list that it belongs to.
    ASSERT_TRUE(send("revoked", {{"list", issuer + "/status-lists/" + other_list_id}, {"idx", {1}}}).has_value());
    EXPECT_EQ(state(1, other_list), SlotKnowledge::revoked);
    EXPECT_EQ(state(2, other_list), SlotKnowledge::unknown);
    ASSERT_TRUE(lists_.put_fetched(other_list, {0}, clock_.now() + Seconds(60), "", now_));
    EXPECT_EQ(state(1, other_list), SlotKnowledge::revoked) << "the list was fetched before the bit was in it";
}

TEST_F(FeedTest, CountsForAWhileAfterItStalls) {
    make_ready({});
    now_ += Milliseconds(15'000);
    EXPECT_EQ(state(1), SlotKnowledge::live);
    EXPECT_FALSE(lists_.feed_is_live(now_)) << "polling begins before knowledge ends";
    now_ += Milliseconds(1);
    EXPECT_EQ(state(1), SlotKnowledge::stale);
    ASSERT_TRUE(send("revoked", {{"list", uri}, {"idx", {2}}}).has_value());
    EXPECT_EQ(state(1), SlotKnowledge::stale) << "only a heartbeat says that nothing else was revoked";
    EXPECT_EQ(state(2), SlotKnowledge::revoked);
    clock_.advance(Milliseconds(15'001));
    ASSERT_TRUE(beat().has_value());
    EXPECT_EQ(state(1), SlotKnowledge::live);
}

TEST_F(FeedTest, IsNotFreshWhenItsHeartbeatsAreOld) {
    make_ready({});
    now_ += Milliseconds(20'000);
    clock_.advance(Milliseconds(20'000));
    ASSERT_TRUE(send("heartbeat", {{"time", to_seconds(clock_.now()) - 17}}).has_value());
    EXPECT_EQ(state(1), SlotKnowledge::stale) << "something keeps the feed back";
}

TEST_F(FeedTest, TakesKeysForChangedWhenSomethingWasMissed) {
    make_ready({});
    EXPECT_EQ(keys_changed_, 0);
    ASSERT_TRUE(send("gap", {{"reason", "unknown_position"}}).has_value());
    EXPECT_EQ(keys_changed_, 1);
    ASSERT_TRUE(send("ready", {{"lists", 0}}, "r").has_value());
    feed_.disconnected(false);
    feed_.connected(now_);
    EXPECT_EQ(keys_changed_, 1) << "resumed: nothing was missed";
    feed_.disconnected(true);
    feed_.connected(now_);
    EXPECT_EQ(keys_changed_, 2);
}

TEST_F(FeedTest, CountsFromWhenItsHeartbeatWasSaid) {
    const auto began = clock_.now();
    const auto pass = [&](Milliseconds time) {
        clock_.advance(std::chrono::duration_cast<Milliseconds>(began + time - clock_.now()));
        now_ = began_ + time;
    };
    make_ready({});
    pass(Milliseconds(15'900));
    ASSERT_TRUE(send("heartbeat", {{"time", to_seconds(began)}}).has_value());
    EXPECT_EQ(state(1), SlotKnowledge::live) << "in whole seconds: said up to a second later";
    pass(Milliseconds(16'100));
    EXPECT_EQ(state(1), SlotKnowledge::stale);
    ASSERT_TRUE(send("heartbeat", {{"time", to_seconds(began) + 10}}).has_value());
    ASSERT_TRUE(send("heartbeat", {{"time", to_seconds(began) + 5}}).has_value());
    pass(Milliseconds(25'900));
    EXPECT_EQ(state(1), SlotKnowledge::live) << "an older one takes nothing back";
    ASSERT_TRUE(send("heartbeat", {{"time", to_seconds(began) + 1000}}).has_value());
    pass(Milliseconds(25'900 + 15'001));
    EXPECT_EQ(state(1), SlotKnowledge::stale) << "a clock that is ahead vouches for now, and no more";
}

TEST_F(FeedTest, ForgetsNoRevocationThatASnapshotLacks) {
    make_ready({3});
    ASSERT_TRUE(send("list", {{"list", issuer + "/status-lists/" + other_list_id}, {"expires_at", end_}}).has_value());
    ASSERT_TRUE(send("list_revoked", {{"list", issuer + "/status-lists/" + other_list_id}}).has_value());
    feed_.disconnected(true);
    feed_.connected(now_);
    ASSERT_TRUE(send("ready", {{"lists", 0}}).has_value());
    feed_.disconnected(false);
    for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(state(3), SlotKnowledge::revoked);
        EXPECT_EQ(state(1, other_list), SlotKnowledge::revoked);
        EXPECT_EQ(state(4), SlotKnowledge::unknown);
        now_ += std::chrono::minutes(1);
        lists_.drop_expired(clock_.now());
    }
    lists_.drop_expired(from_seconds(end_) + Seconds(60));
    EXPECT_EQ(lists_.count(), 0U) << "their last token has expired";
}

TEST_F(FeedTest, SaysItselfWhenItIsStale) {
    make_ready({});
    ASSERT_TRUE(send("stale", {}).has_value());
    EXPECT_FALSE(lists_.feed_is_live(now_));
    ASSERT_TRUE(beat().has_value());
    EXPECT_TRUE(lists_.feed_is_live(now_));
}

TEST_F(FeedTest, KeepsWhatWasKnownUntilASnapshotIsWhole) {
    make_ready({3});
    ASSERT_TRUE(send("gap", {{"reason", "too_old"}}, "g").has_value());
    EXPECT_EQ(state(3), SlotKnowledge::revoked);
    EXPECT_EQ(state(4), SlotKnowledge::live);
    EXPECT_FALSE(feed_.position().has_value()) << "half a snapshot is no place to resume from";
    now_ += Milliseconds(16'000);
    clock_.advance(Milliseconds(16'000));
    ASSERT_TRUE(beat().has_value());
    EXPECT_EQ(state(4), SlotKnowledge::stale) << "a heartbeat amid a snapshot promises nothing";
    ASSERT_TRUE(send_snapshot({5}, issuer + "/status-lists/" + other_list_id).has_value());
    EXPECT_FALSE(send("ready", {{"lists", 2}}).has_value()) << "one list is missing";
    ASSERT_TRUE(send("ready", {{"lists", 1}}, "r").has_value());
    ASSERT_TRUE(beat().has_value());
    EXPECT_EQ(state(5, other_list), SlotKnowledge::revoked);
    EXPECT_EQ(state(3), SlotKnowledge::revoked) << "a list that is gone, and what was known against its tokens";
    EXPECT_EQ(state(4), SlotKnowledge::unknown) << "a list that is gone";
    EXPECT_EQ(feed_.position(), "h");
}

TEST_F(FeedTest, ThatIsCutAmidASnapshotStartsOver) {
    feed_.connected(now_);
    ASSERT_TRUE(send_snapshot({3}).has_value());
    const auto cut = send("cut", {{"reason", "slow"}}, "x");
    ASSERT_FALSE(cut.has_value());
    EXPECT_EQ(cut.error().code, "cut");
    EXPECT_EQ(cut.error().message, "slow");
    feed_.disconnected(false);
    EXPECT_FALSE(feed_.position().has_value());
    EXPECT_EQ(state(3), SlotKnowledge::revoked) << "a revocation is for good";
    EXPECT_EQ(state(4), SlotKnowledge::stale);
}

TEST_F(FeedTest, RefusesWhatMakesNoSense) {
    make_ready({});
    const std::string evil = "https://evil.example/status-lists/" + list_id;
    EXPECT_FALSE(send("revoked", {{"list", evil}, {"idx", {1}}}).has_value());
    EXPECT_FALSE(send("list", {{"list", uri + "/"}, {"expires_at", end_}}).has_value());
    for (const json::value& idx :
         {json::value(1), json::value("1"), json::value{-1}, json::value(json::array{-1}),
          json::value(json::array{4294967296}), json::value(json::array{"1"}), json::value(json::array{16777216})}) {
        EXPECT_FALSE(send("revoked", {{"list", uri}, {"idx", idx}}).has_value()) << json::serialize(idx);
    }
    EXPECT_FALSE(feed_.apply({"revoked", "no JSON", std::nullopt}, now_).has_value());
    EXPECT_FALSE(feed_.apply({"heartbeat", R"({"time":1,"time":2})", std::nullopt}, now_).has_value());
    EXPECT_FALSE(send("heartbeat", {}).has_value());
    const std::string bomb = encode_base64url(deflate_zlib(std::vector<std::uint8_t>(64 << 20), 9));
    EXPECT_FALSE(
        send("snapshot", {{"list", uri}, {"expires_at", end_}, {"revoked", false}, {"lst", bomb}}).has_value());
    EXPECT_FALSE(send("heartbeat", {{"time", to_seconds(clock_.now())}}, "a\nb").has_value());
    EXPECT_TRUE(send("from_a_newer_server", {}).has_value());
    EXPECT_EQ(state(1), SlotKnowledge::live);
}

std::vector<Event> parse(const std::string& stream, std::size_t piece) {
    std::vector<Event> events;
    EventParser parser;
    for (std::size_t i = 0; i < stream.size(); i += piece) {
        EXPECT_TRUE(parser
                        .read(std::string_view(stream).substr(i, piece),
                              [&](const Event& event) {
                                  events.push_back(event);
                                  return Result<void>();
                              })
                        .has_value());
    }
    return events;
}

TEST(EventParser, ReadsPiecesOfAnySize) {
    const std::string stream =
        "retry: 1000\n: a comment\n\nid: 1\nevent: keys\ndata: {}\n\nevent: none\n\r\nid:2\r\nevent:list\rdata: "
        "a\ndata:b\n\n"
        "data: unfinished\n";
    for (std::size_t piece = 1; piece < stream.size(); ++piece) {
        const auto events = parse(stream, piece);
        ASSERT_EQ(events.size(), 2U) << piece;
        EXPECT_EQ(events[0].name, "keys");
        EXPECT_EQ(events[0].position, "1");
        EXPECT_EQ(events[1].name, "list");
        EXPECT_EQ(events[1].position, "2");
        EXPECT_EQ(events[1].data, "a\nb");
    }
}

TEST(EventParser, HasABound) {
    const auto ignore = [](const Event&) { return Result<void>(); };
    EventParser one_line;
    EXPECT_FALSE(one_line.read("data: " + std::string(2 << 20, 'x'), ignore).has_value());
    EventParser many_lines;
    std::string lines;
    for (int i = 0; i < 3000; ++i) lines += "data: " + std::string(1000, 'x') + "\n";
    EXPECT_FALSE(many_lines.read(lines, ignore).has_value());
}

}  // namespace
}  // namespace postern::client
