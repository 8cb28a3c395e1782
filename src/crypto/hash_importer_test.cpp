// Hashes that the real libraries made, all of "correct horse battery staple" unless said otherwise: what comes in logs
// in, as it is and wrapped.
#include "crypto/hash_importer.hpp"

#include <gtest/gtest.h>

#include <random>

#include "crypto/argon2_hasher.hpp"
#include "crypto/hash_text.hpp"

namespace postern::crypto {
namespace {

using namespace std::string_literals;

constexpr std::string_view password = "correct horse battery staple";
constexpr Argon2Parameters cheap{.memory_bytes = 8 * 1024, .iterations = 1};
constexpr Argon2Parameters above_all_of_them{.memory_bytes = 128 * 1024, .iterations = 1};

struct Imported {
    std::string text;
    std::string scheme;
};

const std::vector<Imported> imported_hashes = {
    // Werkzeug 3.1.9
    {"pbkdf2:sha256:1000$sGbZxykYHgHkDXD6$5d3a79626aa13665b6636e2506350bcfa4b293bf4d8700626db01ebbbb96b170",
     "pbkdf2-sha256:1000"},
    {"pbkdf2:sha1:1000$3NbVH6D5lwJCd0Yd$db4f738605d72cef36981df13c8b00d0d8e53862", "pbkdf2-sha1:1000"},
    {"pbkdf2:sha512:1000$t6jyBfJ9NSYMtGiE$7cc9787c0f30f06d7e098a297f5766691a9dea5a909ede12a98d85793590fbc6"
     "f0fbf57e1ab316b807300a2524af886bb0c9b49f76fe4e774c9dabbbaf3c456c",
     "pbkdf2-sha512:1000"},
    {"scrypt:1024:8:1$TEGEHvAmQTJq9AEm$6e39a15eafd1da9c0e13aa7fd9274762ff2afc60c3e9bb88da763ecac89c5a12"
     "5189b1d21787e4ad36b55446586eb5cc8345bc7438fe587c5028180dc809947f",
     "scrypt:ln=10,r=8,p=1"},
    // Django 5.2.19
    {"pbkdf2_sha256$1000$saltsaltsaltsalt$31ltvuXrbs8POP2F4tw9851NSNQCQpm0sCwu2eEvId8=", "pbkdf2-sha256:1000"},
    {"pbkdf2_sha1$1000$saltsaltsaltsalt$XfAg5IAz304UvYgmglt9ZXw8wLc=", "pbkdf2-sha1:1000"},
    {"scrypt$1024$saltsaltsaltsalt$8$5$FrgURbUEF/t+fQtRuWdMnToM4SA8KWzyTlTEy5OaMDG6/Zw6j4phx5MR8bOC/eZExHCr6fOYZ9tXGxkK"
     "RPmgyg==",
     "scrypt:ln=10,r=8,p=5"},
    {"argon2$argon2id$v=19$m=64,t=1,p=2$Qkd6TTFacHdnYjhLb3Ayd3JleFU2dw$Qs4l52Vq3ALf5/AZddxm+yKQc/GZbc1rK3GUY8Ftl+8",
     "argon2id:m=64,t=1,p=2"},
    {"bcrypt_sha256$$2b$04$vVML//LX3QUcQIGtlHm8Cuuq0aLL8HI25HQThZlNFz8caypvlu53i", "bcrypt-sha256:4"},
    {"bcrypt$$2b$04$OcZ1yDsxwcpcnd0ybVdZF.mWfqj3EQINNe86JnTdxwjNMwboyW4ki", "bcrypt:4"},
    // argon2-cffi 25.1
    {"$argon2id$v=19$m=64,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$A10n6mB4Liwk8Fo1RVvCYX5a04FbWPZ6H6NqhxVadmg",
     "argon2id:m=64,t=3,p=4"},
    {"$argon2id$v=16$m=64,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$tVsRutBFP4/yixKC3jw+/+XBaLHWSVtdmlSVUgVDhsI",
     "argon2id:v=16,m=64,t=3,p=1"},
    {"$argon2i$v=19$m=64,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$HNH+yimXcxyjOQKC5wfYZNupTYJkHwTwhFruvRLJzy8",
     "argon2i:m=64,t=3,p=1"},
    {"$argon2d$v=19$m=64,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$g+tBPYMlZQHg7Geis6diKZW2bcPvdhZB+d5FGoB1Mxk",
     "argon2d:m=64,t=3,p=4"},
    // Passlib 1.7.4
    {"$pbkdf2-sha256$1000$KuUcA.D8n1MKYaz1HgPAOA$THqgoOECBBC3sMWhG8GsJQg2yCLSyNSmiq1/i0puE30", "pbkdf2-sha256:1000"},
    {"$pbkdf2$1000$PMcYY0zJ2Ruj9L6X0nqPEQ$pvL.BJCbx2vOvG0Hd7XrbRoF7O4", "pbkdf2-sha1:1000"},
    {"$pbkdf2-sha512$1000$OedcqzVGaG3tPadUypmzdg$Ff4wk5YINgzvxsInbjc/"
     "JR3PD0y2aXOb2V9BZL26ysiFresOnsfhevDA51CVCLRBXjiQCgJYxKEGKmE.HvS4mA",
     "pbkdf2-sha512:1000"},
    {"$scrypt$ln=10,r=8,p=1$J8T4H0OotTbGmNNaS4mxlg$tKYMmyrCIF9wDSVasKL9Pf2ULCdRXSvZw0G0NxV5vgs",
     "scrypt:ln=10,r=8,p=1"},
    // bcrypt 4.0.1 for Python
    {"$2a$04$Yyu99h226ERmq3aRmvn5BuIWiqFAV08/q3r3sAPjq5/0YsbDVh4Sq", "bcrypt:4"},
    {"$2b$04$ezEcjecSRM5QXf47wXXo2.bQD3QHc5/DUfFOADw2OekPWFPFxuzaq", "bcrypt:4"},
};

std::string import(std::string_view text) {
    auto imported = HashImporter().import_hash(text);
    return imported.has_value() ? *imported : imported.error().code;
}

bool fits(const core::Hasher& hasher, std::string_view stored, std::string_view tried) {
    const auto result = hasher.verify(stored, SecretString(tried));
    EXPECT_TRUE(result.has_value());
    return result.has_value() && *result;
}

TEST(HashImporter, BringsHashesThatLogIn) {
    const Argon2Hasher hasher(cheap);
    for (const auto& [text, scheme] : imported_hashes) {
        const std::string stored = import(text);
        EXPECT_TRUE(fits(hasher, stored, password)) << text;
        EXPECT_FALSE(fits(hasher, stored, "Correct horse battery staple")) << text;
        EXPECT_FALSE(fits(hasher, stored, "")) << text;
        EXPECT_EQ(hasher.scheme(stored), scheme) << text;
        EXPECT_EQ(import(stored), stored) << "what was imported can be exported and imported again";
    }
}

TEST(HashImporter, BringsHashesThatCanBeWrapped) {
    const Argon2Hasher hasher(above_all_of_them);
    for (const auto& [text, scheme] : imported_hashes) {
        const std::string stored = import(text);
        EXPECT_TRUE(hasher.needs_rehash(stored)) << text;
        const auto wrapped = hasher.wrap(stored);
        ASSERT_TRUE(wrapped.has_value()) << text << ": " << wrapped.error().message;
        EXPECT_TRUE(fits(hasher, *wrapped, password)) << *wrapped;
        EXPECT_FALSE(fits(hasher, *wrapped, "Correct horse battery staple")) << *wrapped;
        EXPECT_EQ(hasher.scheme(*wrapped), scheme + "+argon2id:m=128,t=1,p=1");
        EXPECT_TRUE(hasher.needs_rehash(*wrapped)) << "a login makes it plain";
        EXPECT_EQ(hasher.wrap(*wrapped).error().code, "not_wrappable");
        EXPECT_EQ(import(*wrapped), *wrapped);
        const std::string digest = stored.substr(stored.size() - 20);
        EXPECT_EQ(wrapped->find(digest), std::string::npos) << "the weak digest is left behind";
        // Who has the weak digest from an old leak has no password.
        EXPECT_FALSE(fits(hasher, *wrapped, stored.substr(stored.rfind('$') + 1)));
    }
}

TEST(HashImporter, LeavesCurrentHashesUnwrapped) {
    const Argon2Hasher hasher(cheap);
    EXPECT_EQ(hasher.wrap(*hasher.hash(SecretString("x"))).error().code, "not_wrappable");
    EXPECT_EQ(hasher.wrap("md5$salt$5f4dcc3b5aa765d61d8327deb882cf99").error().code, "not_wrappable");
    EXPECT_EQ(hasher.wrap("").error().code, "not_wrappable");
}

// Keycloak's credentials in their parts: 64 bytes of PBKDF2, whatever the digest; and its Argon2.
TEST(HashImporter, TakesKeycloaksParts) {
    const Argon2Hasher hasher(cheap);
    const auto salt = bytes_of("0123456789abcdef");
    for (const auto& [digest, hex] : {std::pair("sha1"s,
                                                "c26217bf49afee2a2eaa473d08a8d1bc25f6d69a7189ed64a9cd163209838f4a"
                                                "3ef7b54af145bdb3d42ec6bf008d1de2a87e6c192acd9db0cb50fbbefefe9cae"s),
                                      std::pair("sha256"s,
                                                "caa4aad92ca0635b01e04707f5fd851b42533044bec2a2ec393e589a2441a652"
                                                "d86dac01e25c2374f088dcdb35777a514fdffe3c66b5b055cdf2ac23671f52f2"s),
                                      std::pair("sha512"s,
                                                "e5b4d6da87b20c9c8624f72612bfa6443135d60869a335ab0c69d2361457a366"
                                                "42bb42874438943005441b32c90bea03851a1e2236bd27588b22ff69b4324c7d"s)}) {
        const auto hash = *decode_hex(hex);
        const auto stored = HashImporter().import_pbkdf2({digest, 1000, salt, hash});
        ASSERT_TRUE(stored.has_value()) << digest;
        EXPECT_TRUE(fits(hasher, *stored, password)) << *stored;
        EXPECT_FALSE(fits(hasher, *stored, "wrong")) << *stored;
    }
    const auto argon2_salt = bytes_of("somesaltsomesalt");
    const auto argon2_hash = *decode_base64("Y4G8TrCNn/JHwzh1pgvKhuzX0OnCta/p/Igc2abeL7w");
    const auto stored = HashImporter().import_argon2({"id", "1.3", 64, 3, 1, argon2_salt, argon2_hash});
    ASSERT_TRUE(stored.has_value());
    EXPECT_TRUE(fits(hasher, *stored, password));
    EXPECT_EQ(HashImporter().import_pbkdf2({"sha384", 1, salt, salt}).error().code, "unknown_hash_scheme");
    EXPECT_EQ(HashImporter().import_argon2({"x", "1.3", 64, 3, 1, salt, salt}).error().code, "unknown_hash_scheme");
    EXPECT_EQ(HashImporter().import_argon2({"id", "1.3", 1U << 30U, 3, 1, salt, salt}).error().code, "hash_too_costly");
}

TEST(HashImporter, RefusesTheRestAndSaysWhy) {
    for (const std::string_view text :
         {"", "x", "password", "5f4dcc3b5aa765d61d8327deb882cf99", "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99",
          "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
          "$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6W"
          "ouIL9AjRbLCelDCy.g.",
          "!4n1aVup2jIxvBmOFlGRwISpW1HaopumTUVHp9Abr", "$y$j9T$x$y", "plain$$secret",
          "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "{SSHA}abcdefgh", "$fbscrypt$v=1,n=14$x"}) {
        EXPECT_EQ(import(text), "unknown_hash_scheme") << text;
    }
    for (const std::string_view text :
         {"pbkdf2:sha256$salt$5d3a79626aa13665b6636e2506350bcf", "pbkdf2:sha256:1000$salt$xyz", "pbkdf2:md5:1$a$00",
          "pbkdf2:sha256:1000$$5d3a79626aa13665b6636e2506350bcf", "pbkdf2_sha256$x$salt$AAAA", "pbkdf2_sha256$1000",
          "scrypt:1000:8:1$salt$6e39a15eafd1da9c0e13aa7fd9274762", "scrypt:1024:8$salt$00", "scrypt$1024$salt$8$5",
          "$2b$04$short", "$2b$4$OcZ1yDsxwcpcnd0ybVdZF.mWfqj3EQINNe86JnTdxwjNMwboyW4ki",
          "$2b$04$OcZ1yDsxwcpcnd0ybVdZF.mWfqj3EQINNe86JnTdxwjNMwboyW4ki=", "$argon2id$v=19$m=64,t=3$x$y",
          "$argon2id$v=20$m=64,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$Y4G8TrCNn/JHwzh1pgvKhuzX0OnCta/p/Igc2abeL7w",
          "$argon2id$v=19$m=64,t=3,p=1$c29t$Y4G8TrCNn/JHwzh1pgvKhuzX0OnCta/p/Igc2abeL7w", "$pbkdf2-md5$1$a$b",
          "$wrapped$m=8,t=1,p=1$AAAA$AAAA$l=32$scrypt"}) {
        EXPECT_EQ(import(text), "invalid_hash") << text;
    }
    EXPECT_EQ(import("pbkdf2:sha256:99999999$salt$" + std::string(64, 'a')), "hash_too_costly");
    EXPECT_EQ(import("scrypt:1073741824:8:1$salt$" + std::string(64, 'a')), "hash_too_costly");
    EXPECT_EQ(import("$2b$31$OcZ1yDsxwcpcnd0ybVdZF.mWfqj3EQINNe86JnTdxwjNMwboyW4ki"), "hash_too_costly");
    EXPECT_EQ(import(std::string(1'000'000, '$')), "invalid_hash");
}

// Whoever reads the report of an import learns which scheme it was, and nothing of the hash.
TEST(HashImporter, ToldNothingOfTheDigest) {
    const auto message = [](std::string_view text) { return HashImporter().import_hash(text).error().message; };
    EXPECT_NE(message("md5$salt$5f4dcc3b5aa765d61d8327deb882cf99").find("\"md5\""), std::string::npos);
    EXPECT_NE(message("pbkdf2:sha256:99999999$pepper$" + std::string(64, 'a')).find("pbkdf2-sha256"),
              std::string::npos);
    for (const std::string_view text :
         {"5f4dcc3b5aa765d61d8327deb882cf99:pepper", "5f4dcc3b5aa765d61d8327deb882cf99$pepper",
          "pbkdf2:sha256:0$pepper$5f4dcc3b5aa765d61d8327deb882cf99", "pbkdf2_sha256$1$pepper$5f4dcc3b5aa765d61d8327d!!",
          "$2b$03$5f4dcc3b5aa765d61d8327deb882cf995f4dcc3b5aa765d61d832", "$argon2id$v=19$pepper$5f4dcc3b"}) {
        EXPECT_EQ(message(text).find("5f4dcc3b"), std::string::npos) << message(text);
        EXPECT_EQ(message(text).find("pepper"), std::string::npos) << message(text);
    }
}

// CVE-2025-22228: bcrypt would cut a password at 72 bytes, and at a NUL.
TEST(HashImporter, BcryptFitsNoPasswordThatItWouldCut) {
    const Argon2Hasher hasher(cheap);
    const std::string stored = "$2b$04$AIqbygjFGdfw833My.56/u9PIadb4AQNul6cmNBBwEqG2H1m2OSqi";  // of 72 times "a"
    const std::string wrapped = *hasher.wrap(stored);
    for (const std::string& text : {stored, wrapped}) {
        EXPECT_TRUE(fits(hasher, text, std::string(72, 'a')));
        EXPECT_FALSE(fits(hasher, text, std::string(73, 'a')));
        EXPECT_FALSE(fits(hasher, text, std::string(71, 'a')));
        EXPECT_FALSE(fits(hasher, text, std::string(72, 'a') + "\0x"s));
    }
    const std::string short_one = import("$2b$04$OcZ1yDsxwcpcnd0ybVdZF.mWfqj3EQINNe86JnTdxwjNMwboyW4ki");
    EXPECT_FALSE(fits(hasher, short_one, std::string(password) + "\0and more"s));
    // Hashed first, a password of any length goes in whole.
    const std::string hashed_first =
        import("bcrypt_sha256$$2b$04$vVML//LX3QUcQIGtlHm8Cuuq0aLL8HI25HQThZlNFz8caypvlu53i");
    EXPECT_FALSE(fits(hasher, hashed_first, std::string(password) + "\0and more"s));
}

// Whatever a damaged store, or a file of somebody else's, holds: an answer, and no password that fits by accident.
TEST(HashImporter, SurvivesDamage) {
    const Argon2Hasher hasher(above_all_of_them);
    std::mt19937 random(20'261'124);  // NOLINT(cert-msc51-cpp): the same damage on every run
    const auto any = [&](std::size_t below) {
        return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
    };
    for (const auto& [text, scheme] : imported_hashes) {
        const std::string stored = import(text);
        for (const std::string& whole : {text, stored, *hasher.wrap(import(text))}) {
            for (int i = 0; i < 50; ++i) {
                std::string damaged = whole;
                for (std::size_t times = any(3) + 1; times > 0 && !damaged.empty(); --times) {
                    const std::size_t at = any(damaged.size());
                    switch (any(4)) {
                        case 0: damaged[at] = static_cast<char>(any(256)); break;
                        case 1: damaged.erase(at, any(8) + 1); break;
                        case 2: damaged.insert(at, 1, "$=,:09"[any(6)]); break;
                        default: damaged.resize(at);
                    }
                }
                const auto imported = HashImporter().import_hash(damaged);
                if (imported.has_value()) {
                    EXPECT_EQ(import(*imported), *imported) << damaged;
                }
                EXPECT_TRUE(hasher.needs_rehash(damaged) || hasher.scheme(damaged).starts_with("argon2id")) << damaged;
                // Not what would take long: the costs are part of the text, too.
                const std::string now = hasher.scheme(damaged);
                if (now.empty() || now == scheme) {
                    EXPECT_FALSE(fits(hasher, damaged, "another password")) << damaged;
                }
            }
        }
    }
}

}  // namespace
}  // namespace postern::crypto
