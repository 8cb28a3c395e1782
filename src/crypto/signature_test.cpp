#include "crypto/signature.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <thread>

#include "base/json.hpp"
#include "base/random.hpp"
#include "crypto/jwk.hpp"
#include "crypto/jws.hpp"
#include "crypto/key_pair.hpp"
#include "crypto/test_vectors.hpp"

namespace postern::crypto {
namespace {

using Bytes = std::vector<std::uint8_t>;

SignatureVerifier verifier_for(std::string_view key, SignatureAlgorithm algorithm) {
    auto jwk = parse_public_jwk(parse_json(key)->get_object());
    EXPECT_TRUE(jwk.has_value());
    auto verifier = SignatureVerifier::make(*jwk->key, algorithm);
    EXPECT_TRUE(verifier.has_value());
    return std::move(verifier).take();
}

struct Pair {
    SignatureMaker maker;
    SignatureVerifier verifier;
};

// Keys take long to make, RSA above all.
const Pair& pair_for(SignatureAlgorithm algorithm) {
    static std::map<SignatureAlgorithm, Pair> pairs;
    auto found = pairs.find(algorithm);
    if (found == pairs.end()) {
        const auto key = generate_key_pair(algorithm);
        found = pairs
                    .emplace(algorithm, Pair{SignatureMaker::make(**key, algorithm).take(),
                                             SignatureVerifier::make(**key, algorithm).take()})
                    .first;
    }
    return found->second;
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
            Bytes changed = parts->signature;
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
        const Bytes& good = parts->signature;
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

TEST(Signature, OfEcdsaIsNeverDer) {
    const auto key = generate_key_pair(SignatureAlgorithm::es256);
    const auto verifier = SignatureVerifier::make(**key, SignatureAlgorithm::es256);
    const EvpDigestContext context(EVP_MD_CTX_new());
    ASSERT_EQ(EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, key->get(), nullptr), 1);
    Bytes der(80);
    std::size_t size = der.size();
    const std::string_view input = "a.b";
    ASSERT_EQ(EVP_DigestSign(context.get(), der.data(), &size, reinterpret_cast<const std::uint8_t*>(input.data()),
                             input.size()),
              1);
    der.resize(size);
    EXPECT_FALSE(verifier->verify(input, der));
    der.resize(64);
    EXPECT_FALSE(verifier->verify(input, der));
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
    EXPECT_FALSE(SignatureMaker::make(*jwk->key, SignatureAlgorithm::eddsa)->sign("x").has_value())
        << "there is no private half";
}

class Algorithms : public testing::TestWithParam<SignatureAlgorithm> {};
INSTANTIATE_TEST_SUITE_P(Signature, Algorithms,
                         testing::Values(SignatureAlgorithm::rs256, SignatureAlgorithm::ps256,
                                         SignatureAlgorithm::es256, SignatureAlgorithm::es384,
                                         SignatureAlgorithm::es512, SignatureAlgorithm::eddsa),
                         [](const auto& parameter) { return std::string(word(parameter.param)); });

TEST_P(Algorithms, VerifyWhatTheySignedAndNothingElse) {
    const Pair& pair = pair_for(GetParam());
    EXPECT_TRUE(rc::check("round trip, and one flipped bit", [&](const std::string& input) {
        const auto signature = pair.maker.sign(input);
        RC_ASSERT(signature.has_value());
        RC_ASSERT(pair.verifier.verify(input, *signature));
        auto changed = *signature;
        const auto bit = *rc::gen::inRange<std::size_t>(0, changed.size() * 8);
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        RC_ASSERT(!pair.verifier.verify(input, changed));
        RC_ASSERT(!pair.verifier.verify(input + "x", *signature));
    }));
}

TEST_P(Algorithms, ServeManyThreadsAtOnce) {
    const Pair& pair = pair_for(GetParam());
    std::vector<std::thread> threads;
    std::atomic<int> good = 0;
    constexpr int rounds = 20;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < rounds; ++i) {
                const std::string input = std::to_string(t) + "." + std::to_string(i);
                const auto signature = pair.maker.sign(input);
                if (signature.has_value() && pair.verifier.verify(input, *signature)) ++good;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(good, 4 * rounds);
}

TEST(RefreshMac, IsHmacSha256) {
    // RFC 4231 section 4.2 has a shorter key; padded with zeroes to 32 bytes, HMAC's own padding makes it the same.
    SecretBytes secret(32);
    std::fill_n(secret.begin(), 20, std::uint8_t{0x0b});
    const auto mac = RefreshMac::make(secret);
    ASSERT_TRUE(mac.has_value());
    const auto tag = mac->sign("Hi There");
    EXPECT_EQ(tag[0], 0xb0);
    EXPECT_EQ(tag[1], 0x34);
    EXPECT_EQ(tag[31], 0xf7);
    EXPECT_TRUE(mac->verify("Hi There", tag));
    EXPECT_FALSE(mac->verify("Hi There.", tag));
    EXPECT_FALSE(mac->verify("Hi There", std::span(tag).first(31)));
    EXPECT_FALSE(mac->verify("Hi There", {}));
    for (std::size_t bit = 0; bit < 256; ++bit) {
        auto changed = tag;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        EXPECT_FALSE(mac->verify("Hi There", changed));
    }
    EXPECT_FALSE(RefreshMac::make(SecretBytes(31)).has_value());
    EXPECT_FALSE(RefreshMac::make(SecretBytes()).has_value()) << "CVE-2026-44699: never an empty key";
}

}  // namespace
}  // namespace postern::crypto
