#include "core/password_policy.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
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

std::string outcome(std::string_view password) {
    auto accepted = accept_new_password(AsciiText(), SecretString(password),
                                        testing::email("ada.lovelace@engines.example"), "Postern");
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

}  // namespace
}  // namespace postern::core
