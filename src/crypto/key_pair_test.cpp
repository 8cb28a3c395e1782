#include "crypto/key_pair.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"
#include "crypto/signature_maker.hpp"
#include "verify/jwk.hpp"
#include "verify/signature.hpp"
#include "verify/test_vectors.hpp"

namespace postern::crypto {
namespace {

constexpr verify::SignatureAlgorithm made_by_us[] = {
    verify::SignatureAlgorithm::es256, verify::SignatureAlgorithm::eddsa, verify::SignatureAlgorithm::rs256};

TEST(KeyPair, ComesBackFromItsBytes) {
    for (const auto algorithm : made_by_us) {
        const auto pair = generate_key_pair(algorithm);
        ASSERT_TRUE(pair.has_value()) << word(algorithm);
        const auto der = encode_private_key(**pair);
        ASSERT_TRUE(der.has_value());
        const auto again = decode_private_key(*der, algorithm);
        ASSERT_TRUE(again.has_value());
        EXPECT_EQ(EVP_PKEY_eq(pair->get(), again->get()), 1);
        EXPECT_EQ(*make_thumbprint(**pair, shape_of(algorithm)), *make_thumbprint(**again, shape_of(algorithm)));
        const auto signature = SignatureMaker::make(**again, algorithm)->sign("text");
        ASSERT_TRUE(signature.has_value());
        EXPECT_TRUE(verify::SignatureVerifier::make(**pair, algorithm)->verify("text", *signature));
    }
}

TEST(KeyPair, IsShownAsAJwkThatOthersCanRead) {
    for (const auto algorithm : made_by_us) {
        const auto pair = generate_key_pair(algorithm);
        ASSERT_TRUE(pair.has_value());
        const auto text = write_public_jwk(**pair, algorithm, "the kid");
        ASSERT_TRUE(text.has_value());
        for (const auto* secret : {"\"d\"", "\"p\"", "\"q\"", "\"k\""}) {
            EXPECT_EQ(text->find(secret), std::string::npos) << *text;
        }
        const auto parsed = parse_json(*text);
        ASSERT_TRUE(parsed.has_value());
        EXPECT_EQ(parsed->at("use").as_string(), "sig");
        const auto jwk = verify::parse_public_jwk(parsed->get_object());
        ASSERT_TRUE(jwk.has_value()) << jwk.error().message;
        EXPECT_EQ(jwk->kid, "the kid");
        EXPECT_EQ(jwk->alg, word(algorithm));
        EXPECT_EQ(EVP_PKEY_eq(pair->get(), jwk->key.get()), 1);
    }
}

TEST(KeyPair, RefusesBytesOfAnotherKind) {
    const auto p256 = generate_key_pair(verify::SignatureAlgorithm::es256);
    const auto der = encode_private_key(**p256);
    for (const auto& [algorithm, name] : verify::signature_algorithm_words) {
        EXPECT_EQ(decode_private_key(*der, algorithm).has_value(), algorithm == verify::SignatureAlgorithm::es256)
            << name;
    }
    for (std::size_t length = 0; length < der->size(); ++length) {
        EXPECT_FALSE(decode_private_key(KeyBytes(der->begin(), der->begin() + static_cast<long>(length)),
                                        verify::SignatureAlgorithm::es256)
                         .has_value());
    }
    KeyBytes longer = *der;
    longer.push_back(0);
    EXPECT_FALSE(decode_private_key(longer, verify::SignatureAlgorithm::es256).has_value());
    EXPECT_EQ(ERR_peek_error(), 0U) << "nothing stays in OpenSSL's queue";
}

TEST(Thumbprint, IsThatOfRfc7638) {
    const auto jwk = verify::parse_public_jwk(parse_json(verify::vectors::rfc7638_key)->get_object());
    ASSERT_TRUE(jwk.has_value());
    EXPECT_EQ(*make_thumbprint(*jwk->key, jwk->shape), verify::vectors::rfc7638_thumbprint);
    // RFC 8037 appendix A.3.
    const auto okp = verify::parse_public_jwk(parse_json(verify::vectors::rfc8037_a4_key)->get_object());
    ASSERT_TRUE(okp.has_value());
    EXPECT_EQ(*make_thumbprint(*okp->key, okp->shape), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

}  // namespace
}  // namespace postern::crypto
