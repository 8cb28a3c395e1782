// For the tests of the key ring: a ring with keys, claims to sign, and tokens signed with whatever the test likes.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/encoding.hpp"
#include "crypto/key_pair.hpp"
#include "crypto/key_ring.hpp"
#include "crypto/key_vault.hpp"
#include "crypto/refresh_mac.hpp"
#include "crypto/signature_maker.hpp"
#include "verify/jws.hpp"

namespace postern::crypto {

namespace json = boost::json;

inline const Timestamp test_now = from_seconds(1'800'000'000);

struct RingOfKeys {
    MasterKeys masters{MasterKey::parse(SecretString(std::string(64, 'a')), "the test").take()};
    KeyVault vault{masters};
    core::StoredKey access;
    core::StoredKey refresh;
    core::StoredKey status_list;
    core::StoredKey audit;
    core::StoredKey derivation;
    KeyRing ring{masters};

    explicit RingOfKeys(core::KeyAlgorithm algorithm = core::KeyAlgorithm::es256)
        : access(vault.make_key(core::KeyPurpose::access, algorithm, test_now).take()),
          refresh(vault.make_key(core::KeyPurpose::refresh, core::KeyAlgorithm::hs256, test_now).take()),
          status_list(vault.make_key(core::KeyPurpose::status_list, core::KeyAlgorithm::es256, test_now).take()),
          audit(vault.make_key(core::KeyPurpose::audit, core::KeyAlgorithm::eddsa, test_now).take()),
          derivation(vault.make_key(core::KeyPurpose::derivation, core::KeyAlgorithm::hs256, test_now).take()) {
        EXPECT_TRUE(ring.load({access, refresh, status_list, audit, derivation}).has_value());
    }

    // Any header and payload, under the true ES256 access key or the true refresh key.
    [[nodiscard]] std::string forge_access(std::string_view header, std::string_view payload) const {
        const std::string input = encode_base64url(header) + "." + encode_base64url(payload);
        const auto key = decode_private_key(*open_key(masters, access), verify::SignatureAlgorithm::es256).take();
        return input + "." +
               encode_base64url(*SignatureMaker::make(*key, verify::SignatureAlgorithm::es256)->sign(input));
    }
    [[nodiscard]] std::string forge_refresh(std::string_view header, std::string_view payload) const {
        const std::string input = encode_base64url(header) + "." + encode_base64url(payload);
        return input + "." + encode_base64url(RefreshMac::make(*open_key(masters, refresh))->sign(input));
    }
    [[nodiscard]] std::string access_header() const {
        return json::serialize(json::object{{"alg", "ES256"}, {"typ", "at+jwt"}, {"kid", access.kid}});
    }
    [[nodiscard]] std::string refresh_header() const {
        return json::serialize(json::object{{"alg", "HS256"}, {"typ", "postern-rt+jwt"}, {"kid", refresh.kid}});
    }
};

inline core::AccessClaims some_access_claims() {
    core::AccessClaims claims;
    claims.issuer = "https://auth.example";
    claims.audience = {"https://api.example", "second"};
    claims.subject = core::AccountId::make(test_now);
    claims.client_id = "first-party";
    claims.issued_at = test_now;
    claims.expires_at = test_now + Seconds(900);
    claims.token_id = core::TokenId::make(test_now);
    claims.session_id = core::SessionId::make(test_now);
    claims.slot = {core::ListId::make(test_now), 7};
    return claims;
}

inline core::RefreshClaims some_refresh_claims() {
    core::RefreshClaims claims;
    claims.issuer = "https://auth.example";
    claims.audience = "https://auth.example/auth/v1/refresh";
    claims.subject = core::AccountId::make(test_now);
    claims.issued_at = test_now;
    claims.expires_at = test_now + Seconds(86400);
    claims.session_id = core::SessionId::make(test_now);
    claims.counter = 5;
    return claims;
}

inline std::string_view text_of(std::span<const std::uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The message of a token that is refused as it must be; "accepted" for one that is not.
template <typename Claims>
std::string refusal(const Result<Claims>& read) {
    if (read.has_value()) return "accepted";
    EXPECT_EQ(read.error().kind, ErrorKind::unauthenticated);
    EXPECT_TRUE(read.error().code == "invalid_token" || read.error().code == core::unknown_key_code);
    return read.error().message;
}

}  // namespace postern::crypto
