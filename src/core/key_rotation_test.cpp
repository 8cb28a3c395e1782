#include "core/key_rotation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/limits.hpp"
#include "core/testing.hpp"
#include "core/testing_keys.hpp"

namespace postern::core {
namespace {

using namespace std::chrono_literals;

class KeyRotation : public ::testing::Test {
protected:
    KeyRotation() {
        const auto made = write_and_wait(store, [&](Transaction& transaction) {
            return init_keys(transaction, vault, KeyAlgorithm::es256, testing::actor(), clock.now());
        });
        EXPECT_TRUE(made.has_value());
    }

    std::vector<StoredKey> keys() {
        return *read_and_wait(store, [](Reader& reader) { return reader.list_keys(); });
    }
    std::vector<StoredKey> of(KeyPurpose purpose, KeyState state) {
        auto found = keys();
        std::erase_if(found, [&](const StoredKey& key) { return key.purpose != purpose || key.state != state; });
        return found;
    }
    std::string active(KeyPurpose purpose = KeyPurpose::access) {
        const auto found = of(purpose, KeyState::active);
        return found.size() == 1 ? found[0].kid : std::to_string(found.size()) + " active keys";
    }
    // How many keys changed; none where nothing is due, without a write.
    std::size_t rotate() {
        const bool due = is_rotation_due(keys(), policy, clock.now());
        const auto changed = write_and_wait(store, [&](Transaction& transaction) {
            return rotate_due_keys(transaction, vault, policy, testing::actor(), clock.now());
        });
        EXPECT_TRUE(changed.has_value());
        EXPECT_EQ(due, !changed->empty());
        return changed->size();
    }
    std::string request(std::optional<KeyPurpose> purpose, bool at_once) {
        const auto changed = write_and_wait(store, [&](Transaction& transaction) {
            return request_rotation(transaction, vault, policy, purpose, at_once, testing::actor(), clock.now());
        });
        return changed.has_value() ? std::to_string(changed->size()) : changed.error().code;
    }
    std::string revoke(std::string_view kid, std::string_view reason = "leaked") {
        const auto changed = write_and_wait(store, [&](Transaction& transaction) {
            return revoke_key(transaction, vault, policy, kid, reason, testing::actor(), clock.now());
        });
        return changed.has_value() ? std::to_string(changed->size()) : changed.error().code;
    }
    std::vector<std::string> events() {
        std::vector<std::string> seen;
        const auto records = read_and_wait(store, [](Reader& reader) { return reader.list_audit(std::nullopt, 1000); });
        for (const AuditRecord& entry : *records) seen.push_back(entry.event + " " + entry.detail);
        return seen;
    }
    Severity worst() {
        Severity found = Severity::ok;
        for (const Finding& finding : diagnose_keys(keys(), policy, clock.now())) {
            found = std::max(found, finding.severity);
        }
        return found;
    }

    FakeClock clock;
    MemoryStore store{clock.now()};
    testing::LetterVault vault{"a", "a"};
    RotationPolicy policy{.rotate_after = 24h * 90,
                          .publish_ahead = 2h,
                          .access_token_life = 15min,
                          .refresh_token_life = 24h * 365,
                          .access_algorithm = KeyAlgorithm::eddsa};
};

TEST_F(KeyRotation, LeavesAYoungKeyAlone) {
    EXPECT_EQ(rotate(), 0U);
    clock.advance(24h * 90 - 2h - 1ms);
    EXPECT_EQ(rotate(), 0U);
    EXPECT_EQ(active(), "access");
}

TEST_F(KeyRotation, PublishesAheadThenActivatesThenRetires) {
    clock.advance(24h * 90 - 2h);
    EXPECT_EQ(rotate(), 3U) << "one for each purpose that rotates";
    EXPECT_EQ(rotate(), 0U) << "and no second one";
    EXPECT_EQ(active(), "access") << "what waits does not sign";
    ASSERT_EQ(of(KeyPurpose::access, KeyState::next).size(), 1U);
    EXPECT_EQ(of(KeyPurpose::access, KeyState::next)[0].algorithm, KeyAlgorithm::eddsa) << "as configured by now";
    EXPECT_EQ(of(KeyPurpose::audit, KeyState::next).size(), 0U);

    clock.advance(2h - 1ms);
    EXPECT_EQ(rotate(), 0U);
    clock.advance(1ms);
    const std::string next = of(KeyPurpose::access, KeyState::next)[0].kid;
    EXPECT_EQ(rotate(), 6U) << "one comes, one goes";
    EXPECT_EQ(active(), next);
    const std::map<KeyPurpose, Milliseconds> lives = {{KeyPurpose::access, 15min},
                                                      {KeyPurpose::refresh, 24h * 365},
                                                      {KeyPurpose::status_list, limits::status_list_life}};
    for (const auto& [purpose, life] : lives) {
        const auto retired = of(purpose, KeyState::retired);
        ASSERT_EQ(retired.size(), 1U);
        EXPECT_EQ(retired[0].kid, word(purpose));
        EXPECT_EQ(retired[0].expires_at, clock.now() + life + limits::key_retirement_margin);
    }
    EXPECT_EQ(active(KeyPurpose::audit), "audit");
    EXPECT_EQ(active(KeyPurpose::derivation), "derivation");
    const auto seen = events();
    EXPECT_EQ(std::ranges::count(seen, "keys.rotation_begun access " + next), 1);
    EXPECT_EQ(std::ranges::count(seen, "keys.rotated access " + next), 1);
}

// Of two nodes that found the same due, the second has nothing left to do.
TEST_F(KeyRotation, IsDoneOnceByTwoThatSawItDue) {
    clock.advance(24h * 90);
    const auto seen_by_both = keys();
    EXPECT_TRUE(is_rotation_due(seen_by_both, policy, clock.now()));
    EXPECT_EQ(rotate(), 3U);
    EXPECT_TRUE(is_rotation_due(seen_by_both, policy, clock.now()));
    EXPECT_EQ(rotate(), 0U);
}

TEST_F(KeyRotation, GoesOnForGood) {
    for (int turn = 0; turn < 20; ++turn) {
        clock.advance(policy.rotate_after);
        EXPECT_EQ(rotate(), 3U);
        clock.advance(policy.publish_ahead);
        EXPECT_EQ(rotate(), 6U);
        EXPECT_EQ(of(KeyPurpose::access, KeyState::next).size(), 0U);
        EXPECT_EQ(worst(), Severity::ok);
    }
    EXPECT_EQ(of(KeyPurpose::access, KeyState::retired).size(), 20U) << "the sweep is the store's";
}

TEST_F(KeyRotation, CanBeAskedForBeforeItsTime) {
    EXPECT_EQ(request(KeyPurpose::access, false), "1");
    EXPECT_EQ(active(), "access");
    EXPECT_EQ(request(KeyPurpose::access, false), "rotation_waits");
    EXPECT_EQ(request(std::nullopt, false), "2") << "the purposes whose next key does not wait yet";
    EXPECT_EQ(request(std::nullopt, false), "rotation_waits");
    clock.advance(policy.publish_ahead);
    EXPECT_EQ(rotate(), 6U);
    EXPECT_NE(active(), "access");
}

TEST_F(KeyRotation, AtOnceTakesTheKeyThatWaits) {
    EXPECT_EQ(request(KeyPurpose::access, false), "1");
    const std::string waiting = of(KeyPurpose::access, KeyState::next)[0].kid;
    EXPECT_EQ(request(KeyPurpose::access, true), "2");
    EXPECT_EQ(active(), waiting);
    EXPECT_EQ(request(KeyPurpose::access, true), "2") << "and without one, a new one";
    EXPECT_NE(active(), waiting);
    EXPECT_EQ(of(KeyPurpose::access, KeyState::retired).size(), 2U);
    EXPECT_EQ(active(KeyPurpose::refresh), "refresh");
}

TEST_F(KeyRotation, IsNotForWhatMustStayGood) {
    EXPECT_EQ(request(KeyPurpose::audit, true), "key_does_not_rotate");
    EXPECT_EQ(request(KeyPurpose::derivation, false), "key_does_not_rotate");
    EXPECT_EQ(revoke("audit"), "key_not_revocable");
    EXPECT_EQ(revoke("derivation"), "key_not_revocable");
    EXPECT_EQ(active(KeyPurpose::audit), "audit");
}

TEST_F(KeyRotation, RevokingTheActiveKeyPutsAnotherInItsPlace) {
    EXPECT_EQ(revoke("access"), "2");
    const auto revoked = of(KeyPurpose::access, KeyState::revoked);
    ASSERT_EQ(revoked.size(), 1U);
    EXPECT_EQ(revoked[0].kid, "access");
    EXPECT_EQ(revoked[0].revoked_at, clock.now());
    EXPECT_EQ(of(KeyPurpose::access, KeyState::active).size(), 1U);
    EXPECT_EQ(of(KeyPurpose::access, KeyState::retired).size(), 0U) << "what was revoked does not come back as retired";
    EXPECT_EQ(std::ranges::count(events(), "key.revoked access access: leaked"), 1);
    EXPECT_EQ(worst(), Severity::ok);
}

TEST_F(KeyRotation, RevokingTheActiveKeyTakesTheOneThatWaits) {
    EXPECT_EQ(request(KeyPurpose::refresh, false), "1");
    const std::string waiting = of(KeyPurpose::refresh, KeyState::next)[0].kid;
    EXPECT_EQ(revoke("refresh"), "2");
    EXPECT_EQ(active(KeyPurpose::refresh), waiting);
}

TEST_F(KeyRotation, RevokingAKeyThatDoesNotSignReplacesNothing) {
    EXPECT_EQ(request(KeyPurpose::access, true), "2");
    const std::string current = active();
    EXPECT_EQ(revoke("access"), "1") << "a retired one";
    EXPECT_EQ(request(KeyPurpose::access, false), "1");
    EXPECT_EQ(revoke(of(KeyPurpose::access, KeyState::next)[0].kid), "1") << "one that waited";
    EXPECT_EQ(active(), current);
    clock.advance(policy.publish_ahead);
    rotate();
    EXPECT_EQ(active(), current) << "a revoked key never becomes active";
}

TEST_F(KeyRotation, RevokingSaysWhatIsWrong) {
    EXPECT_EQ(revoke("access", ""), "reason_missing");
    EXPECT_EQ(revoke("access", std::string(limits::revocation_reason_bytes + 1, 'x')), "reason_too_long");
    EXPECT_EQ(revoke("no such"), "key_unknown");
    EXPECT_EQ(revoke("access"), "2");
    EXPECT_EQ(revoke("access"), "key_revoked_already");
}

TEST_F(KeyRotation, PutsAKeyWhereThereIsNone) {
    auto lost = of(KeyPurpose::access, KeyState::active)[0];
    lost.state = KeyState::revoked;
    ASSERT_TRUE(write_and_wait(store, [&](Transaction& transaction) { return transaction.update_key(lost); }).value());
    EXPECT_EQ(worst(), Severity::problem);
    EXPECT_EQ(rotate(), 1U);
    EXPECT_EQ(of(KeyPurpose::access, KeyState::active).size(), 1U);
    EXPECT_EQ(worst(), Severity::ok);
}

TEST_F(KeyRotation, IsMissedAloudADayLate) {
    clock.advance(policy.rotate_after + limits::key_rotation_grace);
    EXPECT_EQ(worst(), Severity::ok);
    clock.advance(1ms);
    EXPECT_EQ(worst(), Severity::warning);
    rotate();
    EXPECT_EQ(worst(), Severity::ok);
    clock.advance(policy.publish_ahead + limits::key_rotation_grace + 1ms);
    EXPECT_EQ(worst(), Severity::warning) << "one that waits for too long";
}

TEST_F(KeyRotation, NeedsTheMasterKeyOfTheStore) {
    clock.advance(24h * 90);
    const testing::LetterVault foreign("x", "y");
    const auto changed = write_and_wait(store, [&](Transaction& transaction) {
        return rotate_due_keys(transaction, foreign, policy, testing::actor(), clock.now());
    });
    EXPECT_EQ(changed.error().code, "master_key_wrong");
    EXPECT_EQ(active(), "access");
}

}  // namespace
}  // namespace postern::core
