// The keys of the audit chain and of derived secrets: what they are good for, and that it is nothing else.
#include "crypto/audit_keys.hpp"

#include <gtest/gtest.h>

#include "crypto/key_ring_testing.hpp"
#include "crypto/refresh_mac.hpp"
#include "verify/jwk.hpp"

namespace postern::crypto {
namespace {

using core::AuditSignature;
using core::KeyPurpose;
using core::KeyState;

std::span<const std::uint8_t> bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

class AuditKeysTest : public testing::Test {
protected:
    [[nodiscard]] AuditSignature sign(std::string_view text) const {
        auto signature = ring_.sign_audit(bytes(text));
        EXPECT_TRUE(signature.has_value());
        return std::move(*signature);
    }

    RingOfKeys keys_;
    const KeyRing& ring_ = keys_.ring;
};

TEST_F(AuditKeysTest, SignAndVerifyTheChain) {
    const AuditSignature signature = sign("checkpoint");
    EXPECT_EQ(signature.kid, keys_.audit.kid);
    EXPECT_EQ(signature.bytes.size(), 64U);
    EXPECT_TRUE(ring_.verify_audit(bytes("checkpoint"), signature));
    EXPECT_FALSE(ring_.verify_audit(bytes("checkpoinT"), signature));
    auto changed = signature;
    changed.bytes[5] ^= 1;
    EXPECT_FALSE(ring_.verify_audit(bytes("checkpoint"), changed));
    changed = signature;
    changed.kid = keys_.access.kid;
    EXPECT_FALSE(ring_.verify_audit(bytes("checkpoint"), changed));
    changed.bytes.clear();
    EXPECT_FALSE(ring_.verify_audit(bytes("checkpoint"), changed));
}

TEST_F(AuditKeysTest, VerifyAwayFromTheServerToo) {
    const AuditSignature signature = sign("checkpoint");
    const auto keys = read_audit_keys(ring_.audit_jwks());
    ASSERT_TRUE(keys.has_value()) << keys.error().message;
    EXPECT_TRUE((*keys)->verify_audit(bytes("checkpoint"), signature));
    EXPECT_FALSE((*keys)->verify_audit(bytes("another"), signature));
    const RingOfKeys others;
    EXPECT_FALSE((*read_audit_keys(others.ring.audit_jwks()))->verify_audit(bytes("checkpoint"), signature));
    auto renamed = signature;
    renamed.kid = others.audit.kid;
    EXPECT_FALSE((*read_audit_keys(others.ring.audit_jwks()))->verify_audit(bytes("checkpoint"), renamed));
}

TEST_F(AuditKeysTest, RefuseSetsThatAreNotTheirs) {
    for (const std::string& text : {std::string(""), std::string("{}"), std::string(R"({"keys":[]})"), *ring_.jwks()}) {
        const auto keys = read_audit_keys(text);
        ASSERT_FALSE(keys.has_value()) << text;
        EXPECT_EQ(keys.error().code, "invalid_jwks");
    }
}

TEST_F(AuditKeysTest, FollowTheLifeOfAKey) {
    const AuditSignature old = sign("old");
    auto newer = keys_.vault.make_key(KeyPurpose::audit, core::KeyAlgorithm::eddsa, test_now + Seconds(60)).take();
    keys_.audit.state = KeyState::retired;
    ASSERT_TRUE(keys_.ring.load({keys_.access, keys_.refresh, keys_.audit, newer}).has_value());
    EXPECT_EQ(sign("new").kid, newer.kid);
    EXPECT_TRUE(ring_.verify_audit(bytes("old"), old));
    EXPECT_EQ(verify::parse_jwk_set(ring_.audit_jwks())->keys.size(), 2U);

    keys_.audit.state = KeyState::revoked;
    ASSERT_TRUE(keys_.ring.load({keys_.access, keys_.refresh, keys_.audit, newer}).has_value());
    EXPECT_FALSE(ring_.verify_audit(bytes("old"), old));
    EXPECT_EQ(verify::parse_jwk_set(ring_.audit_jwks())->keys.size(), 1U);
}

TEST_F(AuditKeysTest, AreAmissOnlyUntilTheyAreMade) {
    KeyRing ring(keys_.masters);
    ASSERT_TRUE(ring.load({keys_.access, keys_.refresh}).has_value());
    EXPECT_EQ(ring.sign_audit(bytes("x")).error().kind, ErrorKind::unavailable);
    EXPECT_EQ(ring.derive("x", {}).error().kind, ErrorKind::unavailable);
    EXPECT_FALSE(ring.verify_audit(bytes("x"), sign("x")));
    EXPECT_TRUE(ring.sign(some_refresh_claims()).has_value());
}

TEST_F(AuditKeysTest, AreInNoSetButTheirOwn) {
    for (const auto* key : {&keys_.audit, &keys_.derivation}) {
        EXPECT_EQ(ring_.jwks()->find(key->kid), std::string::npos) << word(key->purpose);
    }
    EXPECT_EQ(ring_.audit_jwks().find(keys_.derivation.kid), std::string::npos);
    EXPECT_EQ(ring_.audit_jwks().find(keys_.access.kid), std::string::npos);
    EXPECT_EQ(ring_.audit_jwks().find("\"d\""), std::string::npos) << "the private half";
}

// Whoever can have the chain's key sign a text of theirs still has no token.
TEST_F(AuditKeysTest, SignNoToken) {
    const std::string payload(text_of(verify::split_jws(*ring_.sign(some_access_claims(), keys_.access.kid))->payload));
    const auto forge = [&](std::string_view alg, const std::string& kid) {
        const std::string header = json::serialize(json::object{{"alg", alg}, {"typ", "at+jwt"}, {"kid", kid}});
        const std::string input = encode_base64url(header) + "." + encode_base64url(payload);
        return input + "." + encode_base64url(sign(input).bytes);
    };
    EXPECT_EQ(refusal(ring_.read_access(forge("EdDSA", keys_.audit.kid))),
              "The token is signed with a key that is not known here");
    EXPECT_NE(refusal(ring_.read_access(forge("ES256", keys_.access.kid))), "accepted");
    RingOfKeys with_eddsa(core::KeyAlgorithm::eddsa);
    EXPECT_EQ(with_eddsa.ring.sign(some_access_claims(), with_eddsa.audit.kid).error().kind, ErrorKind::unavailable);
}

TEST_F(AuditKeysTest, DerivationKeysSignNoRefreshToken) {
    const std::string payload(text_of(verify::split_jws(*ring_.sign(some_refresh_claims()))->payload));
    for (const std::string& kid : {keys_.derivation.kid, keys_.refresh.kid}) {
        const std::string header =
            json::serialize(json::object{{"alg", "HS256"}, {"typ", "postern-rt+jwt"}, {"kid", kid}});
        const std::string input = encode_base64url(header) + "." + encode_base64url(payload);
        const auto mac = RefreshMac::make(*open_key(keys_.masters, keys_.derivation))->sign(input);
        EXPECT_NE(refusal(ring_.read_refresh(input + "." + encode_base64url(mac))), "accepted") << kid;
        EXPECT_NE(refusal(ring_.read_refresh(input + "." + encode_base64url(*ring_.derive(input, {})))), "accepted");
    }
}

TEST_F(AuditKeysTest, DerivedSecretsDependOnKeyContextAndData) {
    const SecretBytes secret = *ring_.derive("mail", bytes("id"));
    EXPECT_EQ(secret.size(), 32U);
    EXPECT_EQ(secret, *ring_.derive("mail", bytes("id"))) << "made again, not kept";
    EXPECT_NE(secret, *ring_.derive("mail", bytes("ie")));
    EXPECT_NE(secret, *ring_.derive("device", bytes("id")));
    EXPECT_NE(secret, *ring_.derive("mai", bytes("lid"))) << "what belongs to the context is not the data's";
    EXPECT_NE(secret, *RingOfKeys().ring.derive("mail", bytes("id")));
}

}  // namespace
}  // namespace postern::crypto
