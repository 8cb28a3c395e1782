// The vectors that every verifier must agree on (clients/vectors/README.md), against the server's own check: the key
// ring with the vectors' keys in it, and core's access checker.
#include <gtest/gtest.h>
#include <openssl/core_names.h>

#include <boost/json/parse.hpp>
#include <fstream>
#include <map>
#include <sstream>

#include "core/access.hpp"
#include "crypto/key_ring_testing.hpp"
#include "verify/trusted_keys.hpp"

namespace postern::crypto {
namespace {

json::object read_vectors(const std::string& name) {
    std::ifstream file(std::string(POSTERN_SOURCE_DIR) + "/clients/vectors/" + name);
    std::stringstream text;
    text << file.rdbuf();
    return json::parse(text.str()).as_object();
}

std::string text(const json::value& value) {
    return std::string(value.as_string());
}

std::vector<std::uint8_t> bytes(const json::object& jwk, std::string_view name) {
    return *decode_base64url(text(jwk.at(name)));
}

verify::EvpKey read_ec(const json::object& jwk) {
    std::vector<std::uint8_t> point = {4};
    for (const std::string_view name : {"x", "y"}) {
        for (const auto byte : bytes(jwk, name)) point.push_back(byte);
    }
    const auto d = bytes(jwk, "d");
    const verify::BigNumber number(BN_bin2bn(d.data(), static_cast<int>(d.size()), nullptr));
    const verify::OsslParamsBuilder builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, number.get());
    const verify::OsslParams params(OSSL_PARAM_BLD_to_param(builder.get()));
    const verify::EvpKeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    EVP_PKEY* key = nullptr;
    EVP_PKEY_fromdata_init(context.get());
    EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params.get());
    return verify::EvpKey(key);
}

verify::EvpKey read_rsa(const json::object& jwk) {
    const verify::OsslParamsBuilder builder(OSSL_PARAM_BLD_new());
    std::vector<verify::BigNumber> numbers;
    const std::map<std::string_view, const char*> members = {
        {"n", OSSL_PKEY_PARAM_RSA_N},          {"e", OSSL_PKEY_PARAM_RSA_E},
        {"d", OSSL_PKEY_PARAM_RSA_D},          {"p", OSSL_PKEY_PARAM_RSA_FACTOR1},
        {"q", OSSL_PKEY_PARAM_RSA_FACTOR2},    {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1},
        {"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2}, {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1}};
    for (const auto& [name, parameter] : members) {
        const auto number = bytes(jwk, name);
        numbers.emplace_back(BN_bin2bn(number.data(), static_cast<int>(number.size()), nullptr));
        OSSL_PARAM_BLD_push_BN(builder.get(), parameter, numbers.back().get());
    }
    const verify::OsslParams params(OSSL_PARAM_BLD_to_param(builder.get()));
    const verify::EvpKeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
    EVP_PKEY* key = nullptr;
    EVP_PKEY_fromdata_init(context.get());
    EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params.get());
    return verify::EvpKey(key);
}

verify::EvpKey read_private_key(const json::object& jwk) {
    const std::string type = text(jwk.at("kty"));
    if (type == "EC") return read_ec(jwk);
    if (type == "RSA") return read_rsa(jwk);
    const auto d = bytes(jwk, "d");
    return verify::EvpKey(EVP_PKEY_new_raw_private_key_ex(nullptr, "ED25519", nullptr, d.data(), d.size()));
}

core::KeyAlgorithm algorithm_of(const json::object& jwk) {
    const std::string type = text(jwk.at("kty"));
    if (type == "EC") return core::KeyAlgorithm::es256;
    return type == "RSA" ? core::KeyAlgorithm::rs256 : core::KeyAlgorithm::eddsa;
}

// As the vault would have made it.
core::StoredKey store_key(const MasterKeys& masters, const json::object& jwk, core::KeyPurpose purpose,
                          core::KeyState state) {
    core::StoredKey key;
    key.kid = text(jwk.at("kid"));
    key.purpose = purpose;
    key.algorithm = algorithm_of(jwk);
    key.state = state;
    key.created_at = test_now;
    key.master_key_id = masters.current_id();
    const auto secret = encode_private_key(*read_private_key(jwk)).take();
    key.sealed = masters.seal(secret, "postern signing key\n" + std::string(word(purpose)) + "\n" +
                                          std::string(word(key.algorithm)) + "\n" + key.kid);
    return key;
}

// The bits of the vectors' lists, as the server would hold them.
class ListedRevocations final : public core::Revocations {
public:
    void add(const core::ListId& list, verify::Statuses statuses) { lists_.emplace(list, std::move(statuses)); }
    [[nodiscard]] core::SlotState state(const core::SlotRef& ref) const noexcept override {
        const auto found = lists_.find(ref.list);
        if (found == lists_.end() || ref.index >= found->second.size()) return core::SlotState::unknown;
        return found->second.at(ref.index) != 0 ? core::SlotState::revoked : core::SlotState::live;
    }
    [[nodiscard]] std::optional<std::uint64_t> version_of(const core::ListId&) const override { return std::nullopt; }
    [[nodiscard]] std::optional<core::PublishedList> publish(const core::ListId&) const override {
        return std::nullopt;
    }
    [[nodiscard]] std::vector<core::ListId> list_ids() const override { return {}; }
    [[nodiscard]] bool is_fresh() const noexcept override { return true; }

private:
    std::map<core::ListId, verify::Statuses> lists_;
};

TEST(Vectors, OfAccessTokens) {
    const json::object vectors = read_vectors("access_tokens.json");
    const json::object test_keys = read_vectors("test_keys.json");
    const MasterKeys masters(MasterKey::parse(SecretString(std::string(64, 'a')), "the test").take());
    KeyRing ring(masters);
    std::vector<core::StoredKey> stored;
    for (const auto* name : {"access_es256", "access_es256_retired", "access_eddsa", "access_rs256"}) {
        const bool retired = std::string_view(name).ends_with("retired");
        stored.push_back(store_key(masters, test_keys.at(name).as_object(), core::KeyPurpose::access,
                                   retired ? core::KeyState::retired : core::KeyState::active));
    }
    for (const auto* name : {"status_list_es256", "status_list_eddsa"}) {
        stored.push_back(
            store_key(masters, test_keys.at(name).as_object(), core::KeyPurpose::status_list, core::KeyState::active));
    }
    ASSERT_TRUE(ring.load(stored).has_value());

    core::TokenPolicy policy;
    policy.issuer = text(vectors.at("issuer"));
    policy.audience = {text(vectors.at("audience"))};
    const FakeClock clock(from_seconds(vectors.at("now").as_int64()));
    const auto published = verify::TrustedKeys::parse(*ring.jwks());
    ASSERT_TRUE(published.has_value());
    ListedRevocations revocations;
    for (const json::value& list : vectors.at("status_lists").as_array()) {
        const std::string uri = text(list.at("uri"));
        auto read = published->read_status_list(text(list.at("jwt")), policy.issuer, uri, clock.now());
        ASSERT_TRUE(read.has_value());
        revocations.add(*core::parse_status_list_uri(policy.issuer, uri), std::move(read->statuses));
    }
    const core::AccessChecker checker(ring, revocations, policy, clock, core::prepare_nothing);
    for (const json::value& vector : vectors.at("cases").as_array()) {
        const auto checked = checker.check(text(vector.at("token")), core::Knowledge::caught_up);
        EXPECT_EQ(checked.has_value() ? "accepted" : checked.error().code, text(vector.at("outcome")))
            << text(vector.at("name"));
    }
}

}  // namespace
}  // namespace postern::crypto
