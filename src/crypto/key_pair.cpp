#include "crypto/key_pair.hpp"

#include <sodium.h>

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstring>

#include "base/encoding.hpp"
#include "base/limits.hpp"

namespace postern::crypto {
namespace {

namespace json = boost::json;

Error openssl_failed(std::string_view what) {
    return internal_error("OpenSSL could not " + std::string(what));
}

struct Curve {
    const char* name;
    int coordinate_bytes;
};

Curve curve_of(verify::KeyShape shape) {
    switch (shape) {
        case verify::KeyShape::p384: return {"P-384", 48};
        case verify::KeyShape::p521: return {"P-521", 66};
        default: return {"P-256", 32};
    }
}

// `width` 0: as few bytes as it takes.
Result<std::string> get_number(const EVP_PKEY& key, const char* parameter, int width) {
    BIGNUM* number = nullptr;
    if (EVP_PKEY_get_bn_param(&key, parameter, &number) != 1) return openssl_failed("read a public key");
    const verify::BigNumber owner(number);
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(width != 0 ? width : BN_num_bytes(number)));
    if (BN_bn2binpad(number, bytes.data(), static_cast<int>(bytes.size())) < 0) {
        return openssl_failed("write a public key");
    }
    return encode_base64url(bytes);
}

// The members that make the key what it is, in the order of their names, as RFC 7638 section 3 wants them.
Result<json::object> public_members(const EVP_PKEY& key, verify::KeyShape shape) {
    json::object members;
    if (shape == verify::KeyShape::rsa) {
        members["e"] = TRY(get_number(key, OSSL_PKEY_PARAM_RSA_E, 0));
        members["kty"] = "RSA";
        members["n"] = TRY(get_number(key, OSSL_PKEY_PARAM_RSA_N, 0));
        return members;
    }
    if (shape == verify::KeyShape::ed25519) {
        std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> bytes{};
        std::size_t size = bytes.size();
        if (EVP_PKEY_get_raw_public_key(&key, bytes.data(), &size) != 1) return openssl_failed("read a public key");
        members["crv"] = "Ed25519";
        members["kty"] = "OKP";
        members["x"] = encode_base64url(bytes);
        return members;
    }
    const Curve curve = curve_of(shape);
    members["crv"] = curve.name;
    members["kty"] = "EC";
    members["x"] = TRY(get_number(key, OSSL_PKEY_PARAM_EC_PUB_X, curve.coordinate_bytes));
    members["y"] = TRY(get_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, curve.coordinate_bytes));
    return members;
}

bool has_shape(const EVP_PKEY& key, verify::KeyShape shape) {
    if (shape == verify::KeyShape::rsa) return EVP_PKEY_is_a(&key, "RSA") == 1;
    if (shape == verify::KeyShape::ed25519) return EVP_PKEY_is_a(&key, "ED25519") == 1;
    std::array<char, 32> group{};
    std::size_t size = 0;
    if (EVP_PKEY_is_a(&key, "EC") != 1 || EVP_PKEY_get_group_name(&key, group.data(), group.size(), &size) != 1) {
        return false;
    }
    const char* name = shape == verify::KeyShape::p256   ? "prime256v1"
                       : shape == verify::KeyShape::p384 ? "secp384r1"
                                                         : "secp521r1";
    return std::strcmp(group.data(), name) == 0;
}

}  // namespace

Result<verify::EvpKey> generate_key_pair(verify::SignatureAlgorithm algorithm) {
    const verify::ErrorQueueScope errors;
    const verify::KeyShape shape = shape_of(algorithm);
    verify::EvpKey key;
    if (shape == verify::KeyShape::rsa) {
        key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", limits::rsa_minimum_bits));
    } else if (shape == verify::KeyShape::ed25519) {
        key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    } else {
        key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve_of(shape).name));
    }
    if (!key) return openssl_failed("make a key for " + std::string(word(algorithm)));
    return key;
}

Result<KeyBytes> encode_private_key(const EVP_PKEY& key) {
    const verify::ErrorQueueScope errors;
    const verify::Pkcs8 pkcs8(EVP_PKEY2PKCS8(&key));
    const int size = pkcs8 ? i2d_PKCS8_PRIV_KEY_INFO(pkcs8.get(), nullptr) : 0;
    if (size <= 0) return openssl_failed("write a private key");
    KeyBytes der(static_cast<std::size_t>(size));
    std::uint8_t* out = der.data();
    i2d_PKCS8_PRIV_KEY_INFO(pkcs8.get(), &out);
    return der;
}

Result<verify::EvpKey> decode_private_key(const KeyBytes& der, verify::SignatureAlgorithm algorithm) {
    const verify::ErrorQueueScope errors;
    const std::uint8_t* in = der.data();
    const verify::Pkcs8 pkcs8(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &in, static_cast<long>(der.size())));
    verify::EvpKey key(pkcs8 && in == der.data() + der.size() ? EVP_PKCS82PKEY(pkcs8.get()) : nullptr);
    if (!key || !has_shape(*key, shape_of(algorithm))) {
        return internal_error("A stored private key is no key for " + std::string(word(algorithm)));
    }
    return key;
}

Result<std::string> write_public_jwk(const EVP_PKEY& key, verify::SignatureAlgorithm algorithm, std::string_view kid,
                                     std::string_view purpose) {
    const verify::ErrorQueueScope errors;
    auto members = TRY(public_members(key, shape_of(algorithm)));
    members["kid"] = kid;
    members["use"] = "sig";
    members["alg"] = word(algorithm);
    if (!purpose.empty()) members["postern_purpose"] = purpose;
    return json::serialize(members);
}

Result<std::string> make_thumbprint(const EVP_PKEY& key, verify::KeyShape shape) {
    const verify::ErrorQueueScope errors;
    const std::string text = json::serialize(TRY(public_members(key, shape)));
    std::array<std::uint8_t, crypto_hash_sha256_BYTES> hash{};
    crypto_hash_sha256(hash.data(), reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    return encode_base64url(hash);
}

}  // namespace postern::crypto
