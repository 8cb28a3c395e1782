#include "core/status_lists.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "core/memory_store.hpp"
#include "core/testing.hpp"

namespace postern::core {
namespace {

using namespace std::chrono_literals;

// Lists that change when the test says so.
class Lists final : public Revocations {
public:
    [[nodiscard]] SlotState state(const SlotRef&) const noexcept override { return SlotState::unknown; }
    [[nodiscard]] bool is_fresh() const noexcept override { return fresh; }
    [[nodiscard]] std::optional<std::uint64_t> version_of(const ListId& list) const override {
        return list == id && !gone ? std::optional(version.load()) : std::nullopt;
    }
    [[nodiscard]] std::optional<PublishedList> publish(const ListId& list) const override {
        if (list != id || gone) return std::nullopt;
        ++published;
        return PublishedList{.id = id,
                             .kid = "kid",
                             .expires_at = expires_at,
                             .version = version,
                             .zlib = std::make_shared<const std::vector<std::uint8_t>>(3, 0xFF)};
    }
    [[nodiscard]] std::vector<ListId> list_ids() const override {
        return gone ? std::vector<ListId>() : std::vector{id};
    }

    ListId id{.bytes = {1}};
    Timestamp expires_at = Timestamp::max();
    std::atomic<std::uint64_t> version = 1;
    std::atomic<bool> gone = false;
    bool fresh = true;
    mutable std::atomic<int> published = 0;
};

// Every list that it signs is another text.
class Signatures final : public Signer {
public:
    Result<std::string> access_kid() const override { return std::string(); }
    Result<std::string> sign(const AccessClaims&, std::string_view) const override { return std::string(); }
    Result<std::string> sign(const RefreshClaims&) const override { return std::string(); }
    Result<std::string> sign(const StatusListClaims& claims) const override {
        if (!has_key) return unavailable("There is no key");
        last = claims;
        return "token" + std::to_string(++signed_lists);
    }
    Result<AccessClaims> read_access(std::string_view) const override { return unavailable(""); }
    Result<RefreshClaims> read_refresh(std::string_view) const override { return unavailable(""); }
    [[nodiscard]] std::uint64_t generation() const noexcept override { return keys_generation; }
    [[nodiscard]] std::shared_ptr<const std::string> jwks() const override { return nullptr; }

    bool has_key = true;
    std::uint64_t keys_generation = 1;
    mutable std::atomic<int> signed_lists = 0;
    mutable StatusListClaims last;
};

class StatusListsTest : public ::testing::Test {
protected:
    std::string token() { return (*served_.get(lists_.id))->token; }

    FakeClock clock_;
    Lists lists_;
    Signatures signer_;
    StatusLists served_{lists_, signer_, "https://auth.example", 30s, clock_};
};

TEST_F(StatusListsTest, SayWhatTheDraftAsksFor) {
    EXPECT_EQ(token(), "token1");
    EXPECT_EQ(signer_.last.subject, "https://auth.example/status-lists/" + lists_.id.text());
    EXPECT_EQ(signer_.last.issued_at, clock_.now());
    EXPECT_EQ(signer_.last.expires_at, clock_.now() + 1h);
    EXPECT_EQ(signer_.last.time_to_live, 30s);
    EXPECT_EQ(signer_.last.list, "____");
    EXPECT_EQ(served_.uris(), std::vector{signer_.last.subject});
}

TEST_F(StatusListsTest, AreMadeAgainWhenABitChangesOrTheyGrowOld) {
    EXPECT_EQ(token(), "token1");
    clock_.advance(14'999ms);
    EXPECT_EQ(token(), "token1");
    const std::string tag = (*served_.get(lists_.id))->tag;
    lists_.version = 2;
    EXPECT_EQ(token(), "token2");
    EXPECT_NE((*served_.get(lists_.id))->tag, tag);
    clock_.advance(15s);
    EXPECT_EQ(token(), "token3");
    EXPECT_EQ(served_.figures().made, 3U);
    signer_.keys_generation = 2;  // the key that signed it may have been revoked
    EXPECT_EQ(token(), "token4");
    EXPECT_EQ(token(), "token4");
}

TEST_F(StatusListsTest, AreUnknownOnceTheyAreGone) {
    EXPECT_EQ(served_.get(ListId{}).error().code, "status_list_unknown");
    EXPECT_EQ(served_.figures().kept, 0U);
    EXPECT_EQ(token(), "token1");
    lists_.expires_at = clock_.now() + 10s;
    lists_.version = 2;
    EXPECT_EQ(token(), "token2");
    clock_.advance(10s);  // before the store has noticed
    EXPECT_EQ(served_.get(lists_.id).error().kind, ErrorKind::not_found);
    lists_.gone = true;
    EXPECT_EQ(served_.get(lists_.id).error().kind, ErrorKind::not_found);
    EXPECT_EQ(served_.figures().kept, 1U);
    lists_.id.bytes[1] = 1;
    lists_.gone = false;
    lists_.expires_at = Timestamp::max();
    EXPECT_TRUE(served_.get(lists_.id).has_value());
    EXPECT_EQ(served_.figures().kept, 1U) << "what is gone must go from memory";
}

TEST_F(StatusListsTest, AreUnavailableWithoutAKey) {
    signer_.has_key = false;
    EXPECT_EQ(served_.get(lists_.id).error().kind, ErrorKind::unavailable);
    signer_.has_key = true;
    EXPECT_TRUE(served_.get(lists_.id).has_value());
}

// Nobody may take an old list for a new one: not even where it is already made.
TEST_F(StatusListsTest, AreUnavailableWhileThisNodeDoesNotKnow) {
    EXPECT_EQ(token(), "token1");
    lists_.fresh = false;
    EXPECT_EQ(served_.get(lists_.id).error().kind, ErrorKind::unavailable);
    lists_.fresh = true;
    EXPECT_EQ(token(), "token1");
}

TEST_F(StatusListsTest, AreMadeOnceForAllWhoAskTogether) {
    std::vector<std::thread> askers;
    for (int i = 0; i < 8; ++i) {
        askers.emplace_back([this] {
            for (int round = 0; round < 125; ++round) EXPECT_TRUE(served_.get(lists_.id).has_value());
        });
    }
    for (auto& asker : askers) asker.join();
    EXPECT_EQ(lists_.published, 1);
    EXPECT_EQ(signer_.signed_lists, 1);
    EXPECT_EQ(served_.figures().served, 1000U);
}

}  // namespace
}  // namespace postern::core
