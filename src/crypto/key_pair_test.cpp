#include "crypto/key_pair.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"
#include "crypto/jwk.hpp"
#include "crypto/signature.hpp"

namespace postern::crypto {
namespace {

constexpr SignatureAlgorithm made_by_us[] = {SignatureAlgorithm::es256, SignatureAlgorithm::eddsa,
                                             SignatureAlgorithm::rs256};

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
        EXPECT_TRUE(SignatureVerifier::make(**pair, algorithm)->verify("text", *signature));
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
        const auto jwk = parse_public_jwk(parsed->get_object());
        ASSERT_TRUE(jwk.has_value()) << jwk.error().message;
        EXPECT_EQ(jwk->kid, "the kid");
        EXPECT_EQ(jwk->alg, word(algorithm));
        EXPECT_EQ(EVP_PKEY_eq(pair->get(), jwk->key.get()), 1);
    }
}

TEST(KeyPair, RefusesBytesOfAnotherKind) {
    const auto p256 = generate_key_pair(SignatureAlgorithm::es256);
    const auto der = encode_private_key(**p256);
    for (const auto& [algorithm, name] : signature_algorithm_words) {
        EXPECT_EQ(decode_private_key(*der, algorithm).has_value(), algorithm == SignatureAlgorithm::es256) << name;
    }
    for (std::size_t length = 0; length < der->size(); ++length) {
        EXPECT_FALSE(decode_private_key(SecretBytes(der->begin(), der->begin() + static_cast<long>(length)),
                                        SignatureAlgorithm::es256)
                         .has_value());
    }
    SecretBytes longer = *der;
    longer.push_back(0);
    EXPECT_FALSE(decode_private_key(longer, SignatureAlgorithm::es256).has_value());
    EXPECT_EQ(ERR_peek_error(), 0U) << "nothing stays in OpenSSL's queue";
}

}  // namespace
}  // namespace postern::crypto
