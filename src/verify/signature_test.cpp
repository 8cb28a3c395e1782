#include "verify/signature.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"
#include "verify/jwk.hpp"
#include "verify/jws.hpp"
#include "verify/test_vectors.hpp"

namespace postern::verify {
namespace {

using Bytes = std::vector<std::uint8_t>;

SignatureVerifier verifier_for(std::string_view key, SignatureAlgorithm algorithm) {
    auto jwk = parse_public_jwk(parse_json(key)->get_object());
    EXPECT_TRUE(jwk.has_value());
    auto verifier = SignatureVerifier::make(*jwk->key, algorithm);
    EXPECT_TRUE(verifier.has_value());
    return std::move(verifier).take();
}

TEST(Signature, OfOthersIsBelieved) {
    for (const auto& vector : vectors::all) {
        const auto algorithm = parse_signature_algorithm(vector.algorithm);
        const auto verifier = verifier_for(vector.key, *algorithm);
        const auto parts = split_jws(vector.token);
        ASSERT_TRUE(parts.has_value()) << vector.algorithm;
        EXPECT_TRUE(verifier.verify(parts->signing_input, parts->signature)) << vector.algorithm;
        EXPECT_FALSE(verifier.verify(std::string(parts->signing_input) + "x", parts->signature)) << vector.algorithm;
    }
    EXPECT_EQ(ERR_peek_error(), 0U) << "nothing stays in OpenSSL's queue";
}

TEST(Signature, IsSpoiltByAnyBit) {
    for (const auto& vector : vectors::all) {
        const auto verifier = verifier_for(vector.key, *parse_signature_algorithm(vector.algorithm));
        const auto parts = split_jws(vector.token);
        for (std::size_t bit = 0; bit < parts->signature.size() * 8; bit += vector.algorithm == "ES512" ? 5 : 1) {
            Bytes changed(parts->signature.begin(), parts->signature.end());
            changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
            ASSERT_FALSE(verifier.verify(parts->signing_input, changed)) << vector.algorithm << " bit " << bit;
        }
        std::string input(parts->signing_input);
        for (std::size_t i = 0; i < input.size(); i += 7) {
            input[i] ^= 1;
            ASSERT_FALSE(verifier.verify(input, parts->signature)) << vector.algorithm << " byte " << i;
            input[i] ^= 1;
        }
    }
}

TEST(Signature, HasExactlyItsLength) {
    for (const auto& vector : vectors::all) {
        const auto verifier = verifier_for(vector.key, *parse_signature_algorithm(vector.algorithm));
        const auto parts = split_jws(vector.token);
        const Bytes good(parts->signature.begin(), parts->signature.end());
        Bytes longer = good;
        longer.push_back(0);
        Bytes leading = good;
        leading.insert(leading.begin(), 0);
        EXPECT_FALSE(verifier.verify(parts->signing_input, longer));
        EXPECT_FALSE(verifier.verify(parts->signing_input, leading));
        EXPECT_FALSE(verifier.verify(parts->signing_input, std::span(good).first(good.size() - 1)));
        EXPECT_FALSE(verifier.verify(parts->signing_input, {}));
        EXPECT_FALSE(verifier.verify(parts->signing_input, Bytes(good.size())));
        EXPECT_FALSE(verifier.verify(parts->signing_input, Bytes(good.size(), 0xff)));
        EXPECT_FALSE(verifier.verify(parts->signing_input, Bytes(100'000, 0x41)));
    }
}

TEST(Signature, OfEcdsaHasBothNumbersInRange) {
    const auto verifier = verifier_for(vectors::rfc7515_a3_key, SignatureAlgorithm::es256);
    const auto parts = split_jws(vectors::rfc7515_a3_token);
    const Bytes zero(32);
    const Bytes one = [] {
        Bytes bytes(32);
        bytes.back() = 1;
        return bytes;
    }();
    const Bytes order = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                         0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                         0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    const Bytes below = [&] {
        Bytes bytes = order;
        --bytes.back();
        return bytes;
    }();
    const Bytes r(parts->signature.begin(), parts->signature.begin() + 32);
    const Bytes s(parts->signature.begin() + 32, parts->signature.end());
    for (const Bytes* first : {&zero, &one, &order, &below, &r, &s}) {
        for (const Bytes* second : {&zero, &one, &order, &below, &r}) {
            Bytes signature = *first;
            signature.insert(signature.end(), second->begin(), second->end());
            EXPECT_FALSE(verifier.verify(parts->signing_input, signature));
        }
    }
}

TEST(Signature, OfPssHasASaltAsLongAsItsHash) {
    const auto verifier = verifier_for(vectors::ps256_key, SignatureAlgorithm::ps256);
    const auto parts = split_jws(vectors::ps256_token_short_salt);
    EXPECT_FALSE(verifier.verify(parts->signing_input, parts->signature));
}

TEST(Signature, OfOneAlgorithmIsNoneOfAnother) {
    const auto ps256 = split_jws(vectors::ps256_token);
    EXPECT_FALSE(
        verifier_for(vectors::ps256_key, SignatureAlgorithm::rs256).verify(ps256->signing_input, ps256->signature));
    const auto rs256 = split_jws(vectors::rfc7515_a2_token);
    EXPECT_FALSE(verifier_for(vectors::rfc7515_a2_key, SignatureAlgorithm::ps256)
                     .verify(rs256->signing_input, rs256->signature));
}

TEST(Signature, NeedsAKeyThatFits) {
    const auto jwk = parse_public_jwk(parse_json(vectors::rfc8037_a4_key)->get_object());
    EXPECT_FALSE(SignatureVerifier::make(*jwk->key, SignatureAlgorithm::rs256).has_value());
}

}  // namespace
}  // namespace postern::verify
