#include "crypto/known_passwords.hpp"

#include <gtest/gtest.h>

#include <random>

#include "core/password_policy.hpp"
#include "core/password_weakness.hpp"
#include "crypto/icu_text.hpp"

namespace postern::crypto {
namespace {

using core::PasswordWeakness;

TEST(KnownPasswords, AreAtLeastAHundredThousand) {
    EXPECT_GE(KnownPasswords::size(), 100'000U);
}

TEST(KnownPasswords, HoldThoseThatEverybodyKnows) {
    const auto& list = known_passwords();
    for (const std::string_view password :
         {"123456", "password", "qwerty", "letmein", "trustno1", "dragon", "monkey", "1q2w3e4r5t6y"}) {
        EXPECT_TRUE(list.contains(password)) << password;
    }
    for (const std::string_view password :
         {"", "correct horse battery staple", "Password", "zwölf Boxkämpfer", "a quiet harbour at dusk"}) {
        EXPECT_FALSE(list.contains(password)) << password;
    }
}

// Half of a random password of 15 characters is no word; a rule that refused one would be found here.
TEST(KnownPasswords, NeverRefuseRandomPasswords) {
    std::mt19937 random(15);  // NOLINT(cert-msc51-cpp): the same ones on every run
    for (const std::string_view alphabet :
         {"abcdefghijklmnopqrstuvwxyz", "0123456789", "0123456789abcdef",
          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&*+-.:;=?@"}) {
        std::uniform_int_distribution<std::size_t> any(0, alphabet.size() - 1);
        for (int i = 0; i < 3000; ++i) {
            std::string password(15, ' ');
            for (char& c : password) c = alphabet[any(random)];
            EXPECT_EQ(core::find_weakness(password, &known_passwords()), PasswordWeakness::none) << password;
        }
    }
}

TEST(KnownPasswords, ServeThePolicy) {
    const IcuText text;
    const auto outcome = [&](std::string_view password) {
        const auto accepted =
            core::accept_new_password(text, SecretString(password), *text.parse_email("ada@engines.example"),
                                      {.service_name = "Postern", .blocklist = &known_passwords()});
        return accepted.has_value() ? "accepted" : accepted.error().code;
    };
    for (const std::string_view password :
         {"iloveyouiloveyou", "Sunshine2026!!!", "mon3ymon3ymon3y", "1q2w3e4r5t6y7u8i", "P@ssw0rdP@ssw0rd",
          "letmein123456789", "!!!!!!!princess!"}) {
        EXPECT_EQ(outcome(password), "password_known") << password;
    }
    for (const std::string_view password : {"correct horse battery staple", "sunshine over Köln",
                                            "my dragon ate a password", "kT7#pW2x!mQ9vLz", "the monkey and the pig"}) {
        EXPECT_EQ(outcome(password), "accepted") << password;
    }
}

}  // namespace
}  // namespace postern::crypto
