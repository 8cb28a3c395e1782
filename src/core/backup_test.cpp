#include "core/backup.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "core/testing.hpp"
#include "core/testing_keys.hpp"

namespace postern::core {
namespace {

using namespace std::chrono_literals;

class Backup : public ::testing::Test {
protected:
    Backup() {
        EXPECT_TRUE(write_and_wait(store, [&](Transaction& transaction) {
                        return init_keys(transaction, vault, KeyAlgorithm::es256, testing::actor(), clock.now());
                    }).has_value());
    }
    std::vector<StoredKey> of(KeyState state) {
        auto found = *read_and_wait(store, [](Reader& reader) { return reader.list_keys(); });
        std::erase_if(found, [&](const StoredKey& key) { return key.state != state || !rotates(key.purpose); });
        return found;
    }
    void rotate(bool at_once) {
        EXPECT_TRUE(write_and_wait(store, [&](Transaction& transaction) {
                        return request_rotation(transaction, vault, policy, std::nullopt, at_once, testing::actor(),
                                                clock.now());
                    }).has_value());
    }
    Result<RestoreEffects> restore(bool keep_sessions) {
        return write_and_wait(store, [&](Transaction& transaction) {
            return end_trust_of_backup(transaction, vault, policy, {clock.now(), "/backup", keep_sessions},
                                       testing::actor(), clock.now());
        });
    }
    Finding finding() {
        return *read_and_wait(store, [&](Reader& reader) { return diagnose_backups(reader, clock.now()); });
    }

    FakeClock clock;
    std::unique_ptr<MemoryStore> owned = testing::store_with_account(clock.now());
    MemoryStore& store = *owned;
    testing::LetterVault vault{"a", "a"};
    RotationPolicy policy{
        .rotate_after = 24h * 90, .publish_ahead = 2h, .access_token_life = 15min, .refresh_token_life = 24h * 365};
};

// Former, active and waiting keys alike: a key that was published before must not sign again.
TEST_F(Backup, ARestoreReplacesEveryKeyThatSignedBefore) {
    rotate(true);
    rotate(false);
    const std::size_t before = of(KeyState::active).size() + of(KeyState::next).size() + of(KeyState::retired).size();
    ASSERT_EQ(before, 9U);
    const auto effects = restore(false);
    ASSERT_TRUE(effects.has_value());
    EXPECT_EQ(effects->keys_replaced, 9U);
    EXPECT_EQ(of(KeyState::revoked).size(), 9U);
    EXPECT_EQ(of(KeyState::active).size(), 3U);
    EXPECT_TRUE(of(KeyState::next).empty());
    EXPECT_TRUE(of(KeyState::retired).empty());
}

TEST_F(Backup, ARestoreThatKeepsSessionsKeepsTheRefreshKeysAlone) {
    rotate(false);
    ASSERT_TRUE(restore(true).has_value());
    for (const StoredKey& key : of(KeyState::revoked)) EXPECT_NE(key.purpose, KeyPurpose::refresh);
    EXPECT_EQ(of(KeyState::revoked).size(), 4U);
    EXPECT_EQ(of(KeyState::active).size(), 3U);
    EXPECT_EQ(of(KeyState::next).size(), 1U);
}

TEST_F(Backup, ARestoreEndsSessions) {
    ASSERT_TRUE(testing::log_in(store, clock.now()).has_value());
    const auto kept = restore(true);
    ASSERT_TRUE(kept.has_value());
    EXPECT_EQ(kept->sessions_ended, 0U);
    const auto ended = restore(false);
    ASSERT_TRUE(ended.has_value());
    EXPECT_EQ(ended->sessions_ended, 1U);
}

TEST_F(Backup, AWrongMasterKeyIsNoticed) {
    vault = testing::LetterVault("b", "b");
    const auto effects = restore(false);
    ASSERT_FALSE(effects.has_value());
    EXPECT_EQ(effects.error().code, "master_key_wrong");
}

TEST_F(Backup, DoctorWarnsOnceTheLastOneIsOld) {
    EXPECT_EQ(finding().severity, Severity::ok);
    clock.advance(limits::backup_age + 1h);
    EXPECT_EQ(finding().severity, Severity::warning);
    ASSERT_TRUE(write_and_wait(store, [&](Transaction& transaction) {
                    return record_backup(transaction, "/backup", testing::actor(), clock.now());
                }).has_value());
    EXPECT_EQ(finding().severity, Severity::ok);
    clock.advance(limits::backup_age + 1h);
    EXPECT_EQ(finding().severity, Severity::warning);
}

}  // namespace
}  // namespace postern::core
