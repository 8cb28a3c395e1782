#include "crypto/signature_maker.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "base/json.hpp"
#include "crypto/key_pair.hpp"
#include "verify/jwk.hpp"
#include "verify/signature.hpp"
#include "verify/test_vectors.hpp"

namespace postern::crypto {
namespace {

using Bytes = std::vector<std::uint8_t>;

struct Pair {
    SignatureMaker maker;
    verify::SignatureVerifier verifier;
};

// Keys take long to make, RSA above all.
const Pair& pair_for(verify::SignatureAlgorithm algorithm) {
    static std::map<verify::SignatureAlgorithm, Pair> pairs;
    auto found = pairs.find(algorithm);
    if (found == pairs.end()) {
        const auto key = generate_key_pair(algorithm);
        found = pairs
                    .emplace(algorithm, Pair{SignatureMaker::make(**key, algorithm).take(),
                                             verify::SignatureVerifier::make(**key, algorithm).take()})
                    .first;
    }
    return found->second;
}

TEST(Signature, OfEcdsaIsNeverDer) {
    const auto key = generate_key_pair(verify::SignatureAlgorithm::es256);
    const auto verifier = verify::SignatureVerifier::make(**key, verify::SignatureAlgorithm::es256);
    const verify::EvpDigestContext context(EVP_MD_CTX_new());
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

TEST(SignatureMaker, NeedsThePrivateHalf) {
    const auto jwk = verify::parse_public_jwk(parse_json(verify::vectors::rfc8037_a4_key)->get_object());
    EXPECT_FALSE(SignatureMaker::make(*jwk->key, verify::SignatureAlgorithm::eddsa)->sign("x").has_value());
}

class Algorithms : public testing::TestWithParam<verify::SignatureAlgorithm> {};
INSTANTIATE_TEST_SUITE_P(Signature, Algorithms,
                         testing::Values(verify::SignatureAlgorithm::rs256, verify::SignatureAlgorithm::ps256,
                                         verify::SignatureAlgorithm::es256, verify::SignatureAlgorithm::es384,
                                         verify::SignatureAlgorithm::es512, verify::SignatureAlgorithm::eddsa),
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

}  // namespace
}  // namespace postern::crypto
