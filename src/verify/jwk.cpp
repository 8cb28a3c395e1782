#include "verify/jwk.hpp"

#include <sodium.h>

#include <algorithm>
#include <bit>
#include <set>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/limits.hpp"

namespace postern::verify {
namespace {

namespace json = boost::json;
using Bytes = std::vector<std::uint8_t>;

Error invalid_jwk(std::string message) {
    return invalid_input("invalid_jwk", std::move(message));
}

Result<std::optional<std::string>> find_text(const json::object& jwk, std::string_view name) {
    const json::value* value = jwk.if_contains(name);
    if (value == nullptr) return std::optional<std::string>();
    if (!value->is_string()) return invalid_jwk("its " + std::string(name) + " is no text");
    return std::optional<std::string>(std::string(value->get_string()));
}

Result<std::string> get_text(const json::object& jwk, std::string_view name) {
    auto text = TRY(find_text(jwk, name));
    if (!text) return invalid_jwk("it has no " + std::string(name));
    return std::move(*text);
}

Result<Bytes> get_bytes(const json::object& jwk, std::string_view name) {
    auto bytes = decode_base64url(TRY(get_text(jwk, name)));
    if (!bytes) return invalid_jwk("its " + std::string(name) + " is not base64url without padding");
    return std::move(*bytes);
}

Result<Bytes> get_bytes_of_length(const json::object& jwk, std::string_view name, std::size_t length) {
    auto bytes = TRY(get_bytes(jwk, name));
    if (bytes.size() != length) {
        return invalid_jwk("its " + std::string(name) + " has " + std::to_string(bytes.size()) + " bytes instead of " +
                           std::to_string(length));
    }
    return bytes;
}

// RFC 7518 section 2, Base64urlUInt: in as few bytes as it takes.
Result<Bytes> get_number(const json::object& jwk, std::string_view name) {
    auto bytes = TRY(get_bytes(jwk, name));
    if (bytes.empty() || bytes.front() == 0) {
        return invalid_jwk("its " + std::string(name) + " is empty or begins with a zero byte");
    }
    return bytes;
}

// RFC 7517 sections 4.2 and 4.3.
Result<void> check_use(const json::object& jwk) {
    const auto use = TRY(find_text(jwk, "use"));
    if (use && *use != "sig") return invalid_jwk("its use is " + quote_for_message(*use) + ", not \"sig\"");
    const json::value* operations = jwk.if_contains("key_ops");
    if (operations == nullptr) return {};
    if (!operations->is_array()) return invalid_jwk("its key_ops is no array");
    std::set<std::string_view> seen;
    for (const json::value& operation : operations->get_array()) {
        if (!operation.is_string()) return invalid_jwk("its key_ops holds something that is no text");
        if (!seen.insert(operation.get_string()).second) return invalid_jwk("its key_ops names an operation twice");
    }
    if (!seen.contains("verify")) return invalid_jwk("its key_ops does not allow \"verify\"");
    return {};
}

EvpKey key_from(const char* type, OSSL_PARAM_BLD& builder) {
    const OsslParams params(OSSL_PARAM_BLD_to_param(&builder));
    const EvpKeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
        return nullptr;
    }
    return EvpKey(key);
}

struct Curve {
    std::string_view name;
    const char* group;
    KeyShape shape;
    std::size_t coordinate_bytes;
};
constexpr std::array<Curve, 3> curves = {{{"P-256", "P-256", KeyShape::p256, 32},
                                          {"P-384", "P-384", KeyShape::p384, 48},
                                          {"P-521", "P-521", KeyShape::p521, 66}}};

Result<void> read_ec(const json::object& jwk, Jwk& read) {
    const auto name = TRY(get_text(jwk, "crv"));
    const auto* curve = std::ranges::find(curves, std::string_view(name), &Curve::name);
    if (curve == curves.end()) return invalid_jwk("its curve " + quote_for_message(name) + " is not supported");
    const Bytes x = TRY(get_bytes_of_length(jwk, "x", curve->coordinate_bytes));
    const Bytes y = TRY(get_bytes_of_length(jwk, "y", curve->coordinate_bytes));
    Bytes point = {0x04};  // uncompressed, SEC 1 section 2.3.3
    point.insert(point.end(), x.begin(), x.end());
    point.insert(point.end(), y.begin(), y.end());

    const OsslParamsBuilder builder(OSSL_PARAM_BLD_new());
    if (builder && OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve->group, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) == 1) {
        read.key = key_from("EC", *builder);
    }
    if (!read.key) return invalid_jwk("its x and y are no point on " + name);
    read.shape = curve->shape;
    return {};
}

Result<void> read_okp(const json::object& jwk, Jwk& read) {
    const auto name = TRY(get_text(jwk, "crv"));
    if (name != "Ed25519") return invalid_jwk("its curve " + quote_for_message(name) + " is not supported");
    const Bytes x = TRY(get_bytes_of_length(jwk, "x", crypto_core_ed25519_BYTES));
    // OpenSSL takes any 32 bytes; under a point of small order anyone can sign.
    if (crypto_core_ed25519_is_valid_point(x.data()) != 1) return invalid_jwk("its x is no good point on Ed25519");
    read.key.reset(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, x.data(), x.size()));
    if (!read.key) return invalid_jwk("its x is no good point on Ed25519");
    read.shape = KeyShape::ed25519;
    return {};
}

Result<void> read_rsa(const json::object& jwk, Jwk& read) {
    const Bytes modulus = TRY(get_number(jwk, "n"));
    const Bytes exponent = TRY(get_number(jwk, "e"));
    const std::size_t bits = modulus.size() * 8 - static_cast<std::size_t>(std::countl_zero(modulus.front()));
    if (bits < limits::rsa_minimum_bits || bits > limits::rsa_maximum_bits || modulus.back() % 2 == 0) {
        return invalid_jwk("its modulus has " + std::to_string(bits) + " bits or is even; wanted are " +
                           std::to_string(limits::rsa_minimum_bits) + " to " +
                           std::to_string(limits::rsa_maximum_bits) + " bits, odd");
    }
    const bool is_one = exponent.size() == 1 && exponent.front() == 1;
    if (is_one || exponent.back() % 2 == 0 || exponent.size() > limits::rsa_exponent_bytes) {
        return invalid_jwk("its exponent is 1, even, or longer than " + std::to_string(limits::rsa_exponent_bytes) +
                           " bytes");
    }
    const BigNumber n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr));
    const BigNumber e(BN_bin2bn(exponent.data(), static_cast<int>(exponent.size()), nullptr));
    const OsslParamsBuilder builder(OSSL_PARAM_BLD_new());
    if (n && e && builder && OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1) {
        read.key = key_from("RSA", *builder);
    }
    if (!read.key) return invalid_jwk("OpenSSL refuses its n and e");
    read.shape = KeyShape::rsa;
    return {};
}

Error invalid_set(std::string message) {
    return invalid_input("invalid_jwks", std::move(message));
}

std::string describe(std::size_t position, const json::object& jwk) {
    std::string text = "key " + std::to_string(position);
    const json::value* kid = jwk.if_contains("kid");
    if (kid != nullptr && kid->is_string()) text += " (" + quote_for_message(kid->get_string()) + ")";
    return text;
}

}  // namespace

Result<Jwk> parse_public_jwk(const json::object& jwk) {
    const ErrorQueueScope errors;
    Jwk read;
    const auto type = TRY(get_text(jwk, "kty"));
    read.kid = TRY(find_text(jwk, "kid"));
    read.alg = TRY(find_text(jwk, "alg"));
    read.purpose = TRY(find_text(jwk, "postern_purpose"));
    TRY(check_use(jwk));
    if (type == "EC") {
        TRY(read_ec(jwk, read));
    } else if (type == "OKP") {
        TRY(read_okp(jwk, read));
    } else if (type == "RSA") {
        TRY(read_rsa(jwk, read));
    } else {
        return invalid_jwk("its type " + quote_for_message(type) + " is not supported");
    }
    return read;
}

Result<JwkSet> parse_jwk_set(std::string_view text) {
    auto parsed = parse_json(text);
    if (!parsed.has_value()) return invalid_set("The JWK set is not valid JSON: " + parsed.error().message);
    const json::object* container = parsed->if_object();
    if (container == nullptr) return invalid_set("The JWK set is no JSON object");
    const json::value* keys = container->if_contains("keys");
    if (keys == nullptr && container->contains("kty")) {
        return invalid_set("This is a single JWK; make a set of it: {\"keys\": [ … ]}");
    }
    if (keys == nullptr || !keys->is_array()) return invalid_set("The JWK set has no array of keys");
    if (keys->get_array().empty()) return invalid_set("The JWK set holds no key");
    JwkSet set;
    std::size_t position = 0;
    for (const json::value& element : keys->get_array()) {
        ++position;
        const json::object* object = element.if_object();
        if (object == nullptr) return invalid_set("The JWK set holds something that is no JWK");
        auto jwk = parse_public_jwk(*object);
        if (jwk.has_value()) {
            set.keys.push_back(std::move(jwk).take());
        } else {
            set.skipped.push_back(describe(position, *object) + ": " + jwk.error().message);
        }
    }
    return set;
}

}  // namespace postern::verify
