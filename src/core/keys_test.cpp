#include "core/keys.hpp"

#include <gtest/gtest.h>

#include "core/testing.hpp"
#include "core/testing_keys.hpp"

namespace postern::core {
namespace {

using testing::LetterVault;

class Keys : public ::testing::Test {
protected:
    std::string init(const KeyVault& vault) {
        auto made = write_and_wait(store, [&](Transaction& transaction) {
            return init_keys(transaction, vault, KeyAlgorithm::es256, testing::actor(), clock.now());
        });
        return made.has_value() ? std::to_string(made->size()) : made.error().code;
    }
    std::string load(const KeyVault& vault) {
        auto loaded = read_and_wait(store, [&](Reader& reader) { return load_keys(reader, vault); });
        return loaded.has_value() ? std::to_string(loaded->size()) : loaded.error().code;
    }
    std::string add_missing(const KeyVault& vault) {
        auto made = write_and_wait(store, [&](Transaction& transaction) {
            return add_missing_keys(transaction, vault, testing::actor(), clock.now());
        });
        if (!made.has_value()) return made.error().code;
        std::string purposes;
        for (const StoredKey& key : *made) purposes += std::string(word(key.purpose)) + " ";
        return purposes;
    }
    // What a version that knew only tokens has left behind.
    void init_as_an_older_version(const KeyVault& vault) {
        const auto made = write_and_wait(store, [&](Transaction& transaction) -> Result<void> {
            TRY(transaction.set_setting(master_key_check_setting, vault.check_value()));
            for (const auto& [purpose, algorithm] : {std::pair(KeyPurpose::access, KeyAlgorithm::rs256),
                                                     std::pair(KeyPurpose::refresh, KeyAlgorithm::hs256),
                                                     std::pair(KeyPurpose::status_list, KeyAlgorithm::es256)}) {
                const auto key = TRY(vault.make_key(purpose, algorithm, clock.now()));
                TRY(transaction.insert_key(key));
            }
            return {};
        });
        ASSERT_TRUE(made.has_value());
    }
    std::string rewrap(const KeyVault& vault) {
        auto changed = write_and_wait(store, [&](Transaction& transaction) {
            return rewrap_keys(transaction, vault, testing::actor(), clock.now());
        });
        return changed.has_value() ? std::to_string(*changed) : changed.error().code;
    }

    FakeClock clock;
    MemoryStore store{clock.now()};
};

TEST_F(Keys, AreMadeOnceForEachPurpose) {
    EXPECT_EQ(load(LetterVault("a", "")), "keys_missing");
    EXPECT_EQ(init(LetterVault("a", "")), "5");
    EXPECT_EQ(init(LetterVault("a", "")), "keys_exist");
    EXPECT_EQ(load(LetterVault("a", "")), "5");
}

TEST_F(Keys, OpenWithTheCurrentAndThePreviousMasterKeyOnly) {
    ASSERT_EQ(init(LetterVault("a", "")), "5");
    EXPECT_EQ(load(LetterVault("b", "")), "master_key_wrong");
    EXPECT_EQ(rewrap(LetterVault("b", "")), "master_key_wrong");
    EXPECT_EQ(load(LetterVault("b", "a")), "5");
    EXPECT_EQ(rewrap(LetterVault("b", "a")), "5");
    EXPECT_EQ(rewrap(LetterVault("b", "a")), "0");
    EXPECT_EQ(load(LetterVault("b", "")), "5") << "the old master key is needed no more";
    EXPECT_EQ(load(LetterVault("a", "")), "master_key_wrong");
}

TEST_F(Keys, OfAnOlderVersionAreCompletedOnce) {
    const LetterVault vault("a", "");
    EXPECT_EQ(add_missing(vault), "keys_missing");
    init_as_an_older_version(vault);
    EXPECT_EQ(add_missing(LetterVault("b", "")), "master_key_wrong") << "a key sealed by nobody's master key";
    EXPECT_EQ(load(vault), "3");
    EXPECT_EQ(add_missing(vault), "audit derivation ");
    EXPECT_EQ(add_missing(vault), "");
    EXPECT_EQ(load(vault), "5");
}

TEST_F(Keys, AddedOnTheWayToANewMasterKeyLeaveTheOldOneInForce) {
    init_as_an_older_version(LetterVault("a", ""));
    EXPECT_EQ(add_missing(LetterVault("b", "a")), "audit derivation ");
    EXPECT_EQ(load(LetterVault("a", "")), "5") << "the other nodes, which know only the old one, must go on";
    EXPECT_EQ(rewrap(LetterVault("b", "a")), "3") << "the new ones are sealed under the new one already";
}

}  // namespace
}  // namespace postern::core
