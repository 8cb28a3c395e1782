#include "core/password_policy.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "base/limits.hpp"
#include "core/password_weakness.hpp"
#include "core/testing.hpp"

namespace postern::core {
namespace {

class AsciiText final : public Text {
public:
    Result<EmailAddress> parse_email(std::string_view text) const override {
        return EmailAddress{std::string(text), std::string(text)};
    }
    Result<SecretString> prepare_password(const SecretString& password) const override { return password.copy(); }
    [[nodiscard]] std::size_t count_characters(std::string_view text) const override { return text.size(); }
};

class FewWords final : public Blocklist {
public:
    [[nodiscard]] bool contains(std::string_view password) const override {
        return password == "password" || password == "trustno1" || password == "administrator" ||
               password == "correcthorsebatterystaple";
    }
};

std::string outcome(std::string_view password) {
    const FewWords list;
    auto accepted =
        accept_new_password(AsciiText(), SecretString(password), testing::email("ada.lovelace@engines.example"),
                            {.service_name = "Postern", .blocklist = &list});
    return accepted.has_value() ? "accepted" : accepted.error().code;
}

TEST(PasswordPolicy, AsksForLengthAndNothingElse) {
    EXPECT_EQ(outcome("fourteen chars"), "password_too_short");
    EXPECT_EQ(outcome("fifteen letters"), "accepted");
    EXPECT_EQ(outcome("this one is sixty-four characters long, as NIST wants at the least"), "accepted");
    EXPECT_EQ(outcome(std::string(limits::password_maximum_bytes + 1, 'x')), "password_too_long");
}

TEST(PasswordPolicy, RefusesWhatTheAddressAndTheServiceGiveAway) {
    EXPECT_EQ(outcome("ada.lovelace@engines.example"), "password_guessable");
    EXPECT_EQ(outcome("Ada.Lovelace2026"), "password_guessable");
    EXPECT_EQ(outcome("postern-engines-1"), "password_guessable");
    EXPECT_EQ(outcome("PosternPosternPostern"), "password_guessable");
    EXPECT_EQ(outcome("aaaaaaaaaaaaaaaaaaaa"), "password_guessable");
    EXPECT_EQ(outcome("ada.lovelace wrote the first program"), "accepted");
}

TEST(PasswordPolicy, RefusesWhatIsKnownAndWhatIsMadeFromIt) {
    for (const std::string_view password :
         {"correcthorsebatterystaple", "CorrectHorseBatteryStaple", "passwordpassword", "PasswordPasswordPassword",
          "password1password1", "Password123456789", "!!!password!!!!", "2024password2024", "p@ssw0rdp@ssw0rd",
          "Trustno12026!!!", "trustno1trustno1", "Adm1n1str@tor12", "@dm1n1strator99", "passwordpassword1",
          "password.password"}) {
        EXPECT_EQ(outcome(password), "password_known") << password;
    }
    // Enough of one's own beside it.
    for (const std::string_view password :
         {"password-7qX2mLz9Kd", "password and a walrus", "correct horse battery staple", "my password is a haiku",
          "trustno1 but the cat"}) {
        EXPECT_EQ(outcome(password), "accepted") << password;
    }
}

TEST(PasswordPolicy, RefusesPatterns) {
    for (const std::string_view password :
         {"123456789012345", "abcdefghijklmnop", "qwertyuiopasdfgh", "1qaz2wsx3edc4rfv", "zyxwvutsrqponml",
          "!@#$%^&*()!@#$%^", "abcabcabcabcabcabc", "x9$kx9$kx9$kx9$k", "111222333444555666", "aaaaaaaaaaaaaaa",
          "poiuytrewqlkjhgf", "QWERTZUIOPasdfgh"}) {
        EXPECT_EQ(outcome(password), "password_guessable") << password;
    }
    for (const std::string_view password : {"hgjfkdlsaörueiwo", "fifteen letters", "zebra-quartz-19",
                                            "x9$kQ2!vx9$kQ2!v", "12 sheep, 34 goats", "Grüße aus Köln am Rhein"}) {
        EXPECT_EQ(outcome(password), "accepted") << password;
    }
}

// What a length of 1,024 bytes could be used for.
TEST(PasswordPolicy, JudgesTheLongestInBoundedTime) {
    const FewWords list;
    std::string nearly(limits::password_maximum_bytes, '1');
    nearly[limits::password_maximum_bytes / 2] = 'a';
    for (std::size_t at = 0; at < nearly.size(); at += 3) nearly[at] = '7';
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) find_weakness(nearly, &list);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

}  // namespace
}  // namespace postern::core
