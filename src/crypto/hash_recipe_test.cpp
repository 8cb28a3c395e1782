// The recipes against published vectors.
#include "crypto/hash_recipe.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "base/limits.hpp"
#include "crypto/stored_hash.hpp"

namespace postern::crypto {
namespace {

using namespace std::string_literals;

std::string compute_hex(const Recipe& recipe, std::string_view password) {
    const auto digest = compute(recipe, password);
    return digest.has_value() ? encode_hex(*digest) : digest.error().message;
}

std::string pbkdf2(Pbkdf2Recipe::Digest digest, std::string_view password, std::string_view salt,
                   std::uint64_t iterations, std::size_t length) {
    return compute_hex(Pbkdf2Recipe{digest, iterations, bytes_of(salt), length}, password);
}

// RFC 6070.
TEST(HashRecipe, ComputesPbkdf2WithSha1) {
    const auto sha1 = Pbkdf2Recipe::Digest::sha1;
    EXPECT_EQ(pbkdf2(sha1, "password", "salt", 1, 20), "0c60c80f961f0e71f3a9b524af6012062fe037a6");
    EXPECT_EQ(pbkdf2(sha1, "password", "salt", 2, 20), "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
    EXPECT_EQ(pbkdf2(sha1, "password", "salt", 4096, 20), "4b007901b765489abead49d926f721d065a429c1");
    EXPECT_EQ(pbkdf2(sha1, "passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096, 25),
              "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038");
    EXPECT_EQ(pbkdf2(sha1, "pass\0word"s, "sa\0lt"s, 4096, 16), "56fa6aa75548099dcc37d7f03425e0c3");
}

// RFC 7914 section 11.
TEST(HashRecipe, ComputesPbkdf2WithSha256) {
    const auto sha256 = Pbkdf2Recipe::Digest::sha256;
    EXPECT_EQ(pbkdf2(sha256, "passwd", "salt", 1, 64),
              "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
              "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783");
    EXPECT_EQ(pbkdf2(sha256, "Password", "NaCl", 80000, 64),
              "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
              "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d");
}

// RFC 7914 section 12.
TEST(HashRecipe, ComputesScrypt) {
    const auto scrypt = [](std::string_view password, std::string_view salt, std::uint64_t log_n, std::uint64_t r,
                           std::uint64_t p) {
        return compute_hex(ScryptRecipe{log_n, r, p, bytes_of(salt), 64}, password);
    };
    EXPECT_EQ(scrypt("", "", 4, 1, 1),
              "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
              "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906");
    EXPECT_EQ(scrypt("password", "NaCl", 10, 8, 16),
              "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
              "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640");
    EXPECT_EQ(scrypt("pleaseletmein", "SodiumChloride", 14, 8, 1),
              "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
              "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887");
}

std::string bcrypt_of(std::string_view stored, std::string_view password) {
    const auto hash = read_plain_hash(stored);
    if (!hash.has_value()) return hash.error().message;
    const auto digest = compute(hash->recipe, password);
    return text_of(PlainHash{hash->recipe, {digest->begin(), digest->end()}});
}

// From the tests of Openwall's crypt_blowfish 1.3, the reference of bcrypt.
TEST(HashRecipe, ComputesBcrypt) {
    const std::vector<std::pair<std::string, std::string>> vectors = {
        {"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
        {"$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*"},
        {"$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U"},
        {"$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy", ""},
        {"$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", "\xff\xff\xa3"},
        {"$2b$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq", "\xa3"},
    };
    for (const auto& [stored, password] : vectors) {
        EXPECT_EQ(bcrypt_of(stored, password), stored);
        EXPECT_NE(bcrypt_of(stored, password + "x"), stored);
    }
}

// Made by the Argon2 reference implementation through argon2-cffi 25.1: every variant, version and number of lanes.
TEST(HashRecipe, ComputesArgon2) {
    for (const std::string_view stored :
         {"$argon2id$v=19$m=64,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$Y4G8TrCNn/JHwzh1pgvKhuzX0OnCta/p/Igc2abeL7w",
          "$argon2id$v=19$m=64,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$A10n6mB4Liwk8Fo1RVvCYX5a04FbWPZ6H6NqhxVadmg",
          "$argon2id$v=16$m=64,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$tVsRutBFP4/yixKC3jw+/+XBaLHWSVtdmlSVUgVDhsI",
          "$argon2i$v=19$m=64,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$XD6LFhKDZNUfr2/MhqKcTcvbk4aKZMqiWLgqtyO/Vm0",
          "$argon2i$v=16$m=64,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$9cfgP9iZZnnOvlYDgjUuawbhbySLcN+SQ940mlGvra8",
          "$argon2d$v=19$m=64,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$7nSuIO6YFto+48C2essF8JOvtNY95Br3mKb62nzddRo",
          "$argon2d$v=16$m=64,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$D/8TmbqJE9bTL35OzLmvdwQyln5EuCsIbirdNeW6ATc",
          "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$G2ECi1QA52XfZSIxy3iEqg"}) {
        const auto hash = read_plain_hash(stored);
        ASSERT_TRUE(hash.has_value()) << stored;
        EXPECT_EQ(compute_hex(hash->recipe, "correct horse battery staple"), encode_hex(hash->digest)) << stored;
        EXPECT_NE(compute_hex(hash->recipe, "correct horse battery stapl"), encode_hex(hash->digest)) << stored;
        EXPECT_EQ(text_of(*hash), stored);
    }
}

// Two loops of the same cost must not be taken for one another.
TEST(HashRecipe, NamesKindAndCost) {
    const auto scheme = [](std::string_view stored) { return scheme_of(read_plain_hash(stored).take().recipe); };
    EXPECT_EQ(scheme("$argon2i$v=16$m=64,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$9cfgP9iZZnnOvlYDgjUuawbhbySLcN+SQ940mlGvra8"),
              "argon2i:v=16,m=64,t=3,p=1");
    EXPECT_EQ(scheme("$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"), "bcrypt:5");
    EXPECT_EQ(scheme_of(Pbkdf2Recipe{Pbkdf2Recipe::Digest::sha256, 600'000, {}, 32}), "pbkdf2-sha256:600000");
    EXPECT_EQ(scheme_of(Pbkdf2Recipe{Pbkdf2Recipe::Digest::sha256, 27'500, {}, 64}), "pbkdf2-sha256:27500,blocks=2");
    EXPECT_EQ(scheme_of(ScryptRecipe{15, 8, 1, {}, 64}), "scrypt:ln=15,r=8,p=1");
}

std::string code_of(const Recipe& recipe) {
    const auto checked = check(recipe);
    return checked.has_value() ? "fine" : checked.error().code;
}

TEST(HashRecipe, BoundsWhatACheckMayCost) {
    const std::vector<std::uint8_t> salt(16);
    const auto sha512 = Pbkdf2Recipe::Digest::sha512;
    EXPECT_EQ(code_of(Pbkdf2Recipe{sha512, limits::imported_hash_pbkdf2_iterations, salt, 64}), "fine");
    EXPECT_EQ(code_of(Pbkdf2Recipe{sha512, limits::imported_hash_pbkdf2_iterations + 1, salt, 64}), "hash_too_costly");
    EXPECT_EQ(code_of(Pbkdf2Recipe{sha512, limits::imported_hash_pbkdf2_iterations, salt, 65}), "hash_too_costly");
    EXPECT_EQ(code_of(Pbkdf2Recipe{sha512, ~0ULL, salt, 64}), "hash_too_costly");
    EXPECT_EQ(code_of(Pbkdf2Recipe{sha512, 0, salt, 64}), "invalid_hash");
    // The defaults of Keycloak for SHA-1, Werkzeug, Django and Keycloak's Argon2.
    EXPECT_EQ(code_of(Pbkdf2Recipe{Pbkdf2Recipe::Digest::sha1, 1'300'000, salt, 64}), "fine");
    EXPECT_EQ(code_of(ScryptRecipe{15, 8, 1, salt, 64}), "fine");
    EXPECT_EQ(code_of(ScryptRecipe{14, 8, 5, salt, 64}), "fine");
    EXPECT_EQ(code_of(Argon2Recipe{.memory_kib = 102'400, .iterations = 2, .lanes = 8, .salt = salt, .length = 32}),
              "fine");
    EXPECT_EQ(code_of(Argon2Recipe{.memory_kib = 7168, .iterations = 5, .lanes = 1, .salt = salt, .length = 32}),
              "fine");

    EXPECT_EQ(code_of(ScryptRecipe{18, 8, 1, salt, 64}), "fine");
    EXPECT_EQ(code_of(ScryptRecipe{19, 8, 1, salt, 64}), "hash_too_costly");
    EXPECT_EQ(code_of(ScryptRecipe{18, 8, 5, salt, 64}), "hash_too_costly");
    EXPECT_EQ(code_of(ScryptRecipe{63, 1, 1, salt, 64}), "hash_too_costly");
    EXPECT_EQ(code_of(ScryptRecipe{1, ~0ULL, ~0ULL, salt, 64}), "hash_too_costly");
    EXPECT_EQ(code_of(ScryptRecipe{14, 8, 0, salt, 64}), "invalid_hash");

    Argon2Recipe argon2{.memory_kib = 256 * 1024, .iterations = 16, .lanes = 1, .salt = salt, .length = 32};
    EXPECT_EQ(code_of(argon2), "fine");
    argon2.iterations = 17;
    EXPECT_EQ(code_of(argon2), "hash_too_costly");
    argon2.iterations = ~0ULL;
    EXPECT_EQ(code_of(argon2), "hash_too_costly");
    argon2.iterations = 1;
    argon2.memory_kib = 256 * 1024 + 1;
    EXPECT_EQ(code_of(argon2), "hash_too_costly");
    argon2.memory_kib = 15;
    argon2.lanes = 2;
    EXPECT_EQ(code_of(argon2), "invalid_hash");

    BcryptRecipe bcrypt;
    bcrypt.cost = limits::imported_hash_bcrypt_cost;
    EXPECT_EQ(code_of(bcrypt), "fine");
    bcrypt.cost += 1;
    EXPECT_EQ(code_of(bcrypt), "hash_too_costly");
    bcrypt.cost = 3;
    EXPECT_EQ(code_of(bcrypt), "invalid_hash");
}

TEST(HashRecipe, RefusesDigestsAndSaltsOfImpossibleLength) {
    const auto sha256 = Pbkdf2Recipe::Digest::sha256;
    const std::vector<std::uint8_t> salt(16);
    EXPECT_EQ(code_of(Pbkdf2Recipe{sha256, 1, salt, 15}), "invalid_hash") << "another password might fit";
    EXPECT_EQ(code_of(Pbkdf2Recipe{sha256, 1, salt, 0}), "invalid_hash");
    EXPECT_EQ(code_of(Pbkdf2Recipe{sha256, 1, salt, 129}), "invalid_hash");
    EXPECT_EQ(code_of(Pbkdf2Recipe{sha256, 1, {}, 32}), "invalid_hash");
    EXPECT_EQ(code_of(Pbkdf2Recipe{sha256, 1, std::vector<std::uint8_t>(129), 32}), "invalid_hash");
}

}  // namespace
}  // namespace postern::crypto
