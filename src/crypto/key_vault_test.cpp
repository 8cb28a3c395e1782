#include "crypto/key_vault.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.hpp"
#include "crypto/key_pair.hpp"
#include "verify/jwk.hpp"

namespace postern::crypto {
namespace {

using core::KeyAlgorithm;
using core::KeyPurpose;

const Timestamp now = from_seconds(1'800'000'000);

MasterKey key_of(char digit) {
    return MasterKey::parse(SecretString(std::string(64, digit)), "the test").take();
}

TEST(KeyVault, MakesKeysForEachPurpose) {
    const MasterKeys masters(key_of('1'));
    const KeyVault vault(masters);
    for (const auto purpose : {KeyPurpose::access, KeyPurpose::status_list}) {
        for (const auto algorithm : {KeyAlgorithm::es256, KeyAlgorithm::eddsa, KeyAlgorithm::rs256}) {
            const auto key = vault.make_key(purpose, algorithm, now);
            ASSERT_TRUE(key.has_value()) << word(algorithm);
            EXPECT_EQ(key->purpose, purpose);
            EXPECT_EQ(key->algorithm, algorithm);
            EXPECT_EQ(key->state, core::KeyState::active);
            EXPECT_EQ(key->created_at, now);
            EXPECT_EQ(key->master_key_id, masters.current_id());
            const auto jwk = verify::parse_public_jwk(parse_json(key->public_jwk)->get_object());
            ASSERT_TRUE(jwk.has_value());
            EXPECT_EQ(jwk->kid, key->kid);
            EXPECT_EQ(*make_thumbprint(*jwk->key, jwk->shape), key->kid);
            EXPECT_TRUE(open_key(masters, *key).has_value());
        }
    }
}

TEST(KeyVault, MakesRefreshKeysThatAreSecretAltogether) {
    const MasterKeys masters(key_of('1'));
    const KeyVault vault(masters);
    const auto key = vault.make_key(KeyPurpose::refresh, KeyAlgorithm::hs256, now);
    const auto other = vault.make_key(KeyPurpose::refresh, KeyAlgorithm::hs256, now);
    ASSERT_TRUE(key.has_value());
    EXPECT_TRUE(key->public_jwk.empty());
    EXPECT_EQ(key->kid.size(), 22U);
    EXPECT_NE(key->kid, other->kid);
    const auto secret = open_key(masters, *key);
    ASSERT_TRUE(secret.has_value());
    EXPECT_EQ(secret->size(), 32U);
    EXPECT_NE(*secret, *open_key(masters, *other));
    EXPECT_NE(*secret, KeyBytes(32));
}

TEST(KeyVault, NoKidReadsAsAnOptionOfACommand) {
    const MasterKeys masters(key_of('1'));
    const KeyVault vault(masters);
    for (int i = 0; i < 500; ++i) {
        EXPECT_NE(vault.make_key(KeyPurpose::access, KeyAlgorithm::es256, now)->kid.front(), '-');
        EXPECT_NE(vault.make_key(KeyPurpose::refresh, KeyAlgorithm::hs256, now)->kid.front(), '-');
    }
}

TEST(KeyVault, KeepsAlgorithmsToTheirPurposes) {
    const MasterKeys masters(key_of('1'));
    const KeyVault vault(masters);
    EXPECT_EQ(vault.make_key(KeyPurpose::access, KeyAlgorithm::hs256, now).error().code, "key_algorithm_unfit");
    EXPECT_EQ(vault.make_key(KeyPurpose::status_list, KeyAlgorithm::hs256, now).error().code, "key_algorithm_unfit");
    EXPECT_EQ(vault.make_key(KeyPurpose::refresh, KeyAlgorithm::es256, now).error().code, "key_algorithm_unfit");
    EXPECT_EQ(vault.make_key(KeyPurpose::derivation, KeyAlgorithm::eddsa, now).error().code, "key_algorithm_unfit");
    EXPECT_EQ(vault.make_key(KeyPurpose::audit, KeyAlgorithm::hs256, now).error().code, "key_algorithm_unfit");
    EXPECT_EQ(vault.make_key(KeyPurpose::audit, KeyAlgorithm::es256, now).error().code, "key_algorithm_unfit");
    EXPECT_TRUE(vault.make_key(KeyPurpose::audit, KeyAlgorithm::eddsa, now)->public_jwk.find("Ed25519") !=
                std::string::npos);
    EXPECT_TRUE(vault.make_key(KeyPurpose::derivation, KeyAlgorithm::hs256, now)->public_jwk.empty());
}

TEST(KeyVault, BindsAKeyToItsPlace) {
    const MasterKeys masters(key_of('1'));
    const auto key = KeyVault(masters).make_key(KeyPurpose::status_list, KeyAlgorithm::es256, now);
    auto moved = *key;
    moved.purpose = KeyPurpose::access;
    EXPECT_FALSE(open_key(masters, moved).has_value()) << "a status list key is no access key";
    moved = *key;
    moved.kid = "another";
    EXPECT_FALSE(open_key(masters, moved).has_value());
    moved = *key;
    moved.algorithm = KeyAlgorithm::hs256;
    EXPECT_FALSE(open_key(masters, moved).has_value());
    moved = *KeyVault(masters).make_key(KeyPurpose::audit, KeyAlgorithm::eddsa, now);
    moved.purpose = KeyPurpose::access;
    EXPECT_FALSE(open_key(masters, moved).has_value()) << "an audit key would sign tokens";
    moved = *KeyVault(masters).make_key(KeyPurpose::derivation, KeyAlgorithm::hs256, now);
    moved.purpose = KeyPurpose::refresh;
    EXPECT_FALSE(open_key(masters, moved).has_value()) << "a derivation key would sign refresh tokens";
}

TEST(KeyVault, RewrapsUnderTheCurrentMasterKey) {
    const MasterKeys old_masters(key_of('1'));
    const MasterKeys both(key_of('2'), key_of('1'));
    const MasterKeys new_masters(key_of('2'));
    const auto key = KeyVault(old_masters).make_key(KeyPurpose::access, KeyAlgorithm::es256, now);
    const auto rewrapped = KeyVault(both).rewrap(*key);
    ASSERT_TRUE(rewrapped.has_value());
    EXPECT_EQ(rewrapped->kid, key->kid);
    EXPECT_EQ(rewrapped->master_key_id, new_masters.current_id());
    EXPECT_EQ(*open_key(new_masters, *rewrapped), *open_key(old_masters, *key));

    const auto again = KeyVault(both).rewrap(*rewrapped);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->sealed, rewrapped->sealed) << "what is current already stays";
    EXPECT_EQ(KeyVault(new_masters).rewrap(*key).error().code, "master_key_wrong");
}

TEST(KeyVault, KnowsItsCheckValue) {
    const MasterKeys old_masters(key_of('1'));
    const MasterKeys both(key_of('2'), key_of('1'));
    const MasterKeys new_masters(key_of('2'));
    const std::string check = KeyVault(old_masters).check_value();
    EXPECT_TRUE(KeyVault(old_masters).fits(check));
    EXPECT_TRUE(KeyVault(both).fits(check));
    EXPECT_FALSE(KeyVault(new_masters).fits(check));
    EXPECT_NE(KeyVault(both).check_value(), check);
    EXPECT_EQ(check.find("1111"), std::string::npos);
}

}  // namespace
}  // namespace postern::crypto
