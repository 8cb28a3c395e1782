#include "core/password_reset.hpp"

#include "base/digest.hpp"
#include "base/limits.hpp"
#include "core/self_service_testing.hpp"

namespace postern::core {
namespace {

using testing::email;

class PasswordReset : public testing::SelfService {};

TEST_F(PasswordReset, KillsEverythingThatWasSetUpBefore) {
    const auto caller = sign_in();
    const TokenPair before = pair;
    const Digest key = digest(email().key);
    ASSERT_TRUE(write([&](Transaction& transaction) {
                    return transaction.add_login_failures({key.begin(), key.end()}, 100, clock.now());
                }).has_value());
    const auto who = reauthenticate(caller);
    ASSERT_TRUE(write([&](Transaction& transaction) {
                    return request_email_change(transaction, secrets, *who, testing::email("thief@example.net"),
                                                account_policy, testing::actor(), clock.now());
                }).has_value());
    const auto pending = newest(MailTemplate::change_email).link;
    EXPECT_EQ(forget(), "success");
    EXPECT_EQ(token_state(before), "accepted") << "asking changes nothing";
    EXPECT_EQ(log_in("correct"), "success");

    EXPECT_EQ(reset(newest(MailTemplate::reset_password).link), "success");
    EXPECT_EQ(log_in("correct"), "invalid_credentials");
    EXPECT_EQ(token_state(before), "token_revoked");
    const auto refreshed = testing::refresh(*store, before.refresh, clock.now());
    EXPECT_EQ(refreshed->status, RefreshStatus::session_ended);
    EXPECT_EQ(confirm_email(pending), "invalid_link");
    EXPECT_TRUE(store->tables.mail_tokens.empty());
    EXPECT_TRUE(store->tables.login_failures.empty());
    EXPECT_EQ(newest(MailTemplate::password_changed).recipient, email().given);
    EXPECT_TRUE(account_of().email_verified_at.has_value()) << "the link was mailed there";
    EXPECT_EQ(log_in("another"), "success");
}

TEST_F(PasswordReset, ALinkWorksOnceInTimeAndForItsPurposeOnly) {
    EXPECT_EQ(forget(), "success");
    const auto link = newest(MailTemplate::reset_password).link;
    EXPECT_EQ(verify(link), "invalid_link");
    EXPECT_EQ(accept(link), "invalid_link");
    EXPECT_EQ(confirm_email(link), "invalid_link");
    EXPECT_EQ(reset(link), "success");
    EXPECT_EQ(reset(link, "thief's"), "invalid_link");
    EXPECT_EQ(log_in("another"), "success");
    EXPECT_EQ(forget(), "success");
    clock.advance(limits::reset_link_life);
    EXPECT_EQ(reset(newest(MailTemplate::reset_password).link), "invalid_link");
}

TEST_F(PasswordReset, ANewLinkVoidsTheEarlierOne) {
    EXPECT_EQ(forget(), "success");
    const auto first = newest(MailTemplate::reset_password).link;
    EXPECT_EQ(forget(), "success");
    EXPECT_EQ(reset(first), "invalid_link");
    EXPECT_EQ(reset(newest(MailTemplate::reset_password).link), "success");
}

// A stranger who asks again and again must neither fill the inbox nor keep the owner from resetting.
TEST_F(PasswordReset, PastTheLimitOfMailsTheLastLinkStaysGood) {
    for (std::int64_t i = 0; i < limits::mails_per_account + 5; ++i) EXPECT_EQ(forget(), "success");
    EXPECT_EQ(mails(MailTemplate::reset_password), limits::mails_per_account);
    EXPECT_EQ(last_record().outcome, "mail_limit");
    EXPECT_EQ(reset(newest(MailTemplate::reset_password).link), "success");
    EXPECT_EQ(mails(MailTemplate::password_changed), 1) << "and the notice goes all the same";
}

TEST_F(PasswordReset, AnUnknownAddressLeavesARecordAndNothingElse) {
    EXPECT_EQ(forget("nobody@example.org"), "success");
    EXPECT_EQ(last_record().outcome, "account_unknown");
    EXPECT_EQ(last_record().detail, "") << "there is no account whose erasure would take the address along";
    EXPECT_TRUE(store->tables.outbox.empty());
}

TEST_F(PasswordReset, DoesNotLiftWhatAnAdministratorDecided) {
    stored().disabled_at = clock.now();
    EXPECT_EQ(forget(), "success");
    EXPECT_TRUE(store->tables.outbox.empty());
    stored().disabled_at.reset();
    EXPECT_EQ(forget(), "success");
    stored().disabled_at = clock.now();
    EXPECT_EQ(reset(newest(MailTemplate::reset_password).link), "success");
    EXPECT_EQ(log_in("another"), "account_not_activated");

    stored().disabled_at.reset();
    stored().activated_at.reset();
    EXPECT_EQ(forget(), "success");
    EXPECT_EQ(reset(newest(MailTemplate::reset_password).link, "third"), "success");
    EXPECT_EQ(log_in("third"), "account_not_activated");
}

TEST_F(PasswordReset, OfAnInvitedAccountCountsAsAccepting) {
    stored().activated_at.reset();
    stored().password_hash.clear();
    EXPECT_EQ(invite(account_of()), "success");
    EXPECT_EQ(forget(), "success");
    EXPECT_EQ(reset(newest(MailTemplate::reset_password).link), "success");
    EXPECT_EQ(log_in("another"), "success");
    EXPECT_EQ(accept(newest(MailTemplate::invitation).link), "invalid_link");
}

TEST_F(PasswordReset, OfAnExpiredInvitationDoesNot) {
    stored().activated_at.reset();
    EXPECT_EQ(invite(account_of()), "success");
    clock.advance(limits::invitation_link_life);
    EXPECT_EQ(forget(), "success");
    EXPECT_EQ(reset(newest(MailTemplate::reset_password).link), "success");
    EXPECT_EQ(log_in("another"), "account_not_activated");
}

TEST_F(PasswordReset, ProvesTheAddressOfASignUp) {
    EXPECT_EQ(sign_up_with("eve@example.org", "forgotten"), "success");
    EXPECT_EQ(forget("eve@example.org"), "success");
    EXPECT_EQ(reset(newest(MailTemplate::reset_password).link), "success");
    EXPECT_EQ(log_in("another", "eve@example.org"), "success");
}

TEST_F(PasswordReset, ALinkMailedToAnAddressThatIsNoLongerTheAccountsIsDead) {
    EXPECT_EQ(forget(), "success");
    const auto link = newest(MailTemplate::reset_password).link;
    stored().email_key = "new@example.org";
    EXPECT_EQ(reset(link), "invalid_link");
}

TEST_F(PasswordReset, ALoginInFlightWithTheOldPasswordLoses) {
    EXPECT_EQ(forget(), "success");
    const auto attempt =
        *read_and_wait(*store, [&](Reader& reader) { return begin_login(reader, hasher, email().key); });
    const auto check = *check_password(hasher, text, attempt, SecretString("correct"));
    EXPECT_EQ(reset(newest(MailTemplate::reset_password).link), "success");
    const auto opened = write([&](Transaction& transaction) {
        return finish_login(transaction, attempt, check, false, testing::actor(), token_policy, "kid", clock.now());
    });
    EXPECT_EQ(code_of(opened), "invalid_credentials");
}

TEST_F(PasswordReset, AnAdministratorStartsOneAndIsToldWhatStandsInTheWay) {
    const auto start = [&] {
        return code_of(write([&](Transaction& transaction) {
            return start_password_reset(transaction, secrets, account_of(), account_policy, testing::actor(),
                                        clock.now());
        }));
    };
    EXPECT_EQ(start(), "success");
    EXPECT_EQ(last_record().actor, "system");
    EXPECT_EQ(log_in("correct"), "success") << "the password works until the link is used";
    for (std::int64_t i = 1; i < limits::mails_per_account; ++i) EXPECT_EQ(start(), "success");
    EXPECT_EQ(start(), "mail_limit");
    stored().disabled_at = clock.now();
    EXPECT_EQ(start(), "account_disabled");
    account_policy.mail_works = false;
    EXPECT_EQ(start(), "mail_unavailable");
}

class Invitation : public testing::SelfService {};

TEST_F(Invitation, ActivatesAndSetsThePassword) {
    stored().activated_at.reset();
    stored().password_hash.clear();
    EXPECT_EQ(invite(account_of()), "success");
    const auto mail = newest(MailTemplate::invitation);
    EXPECT_EQ(mail.recipient, email().given);
    EXPECT_EQ(reset(mail.link), "invalid_link");
    EXPECT_EQ(accept(mail.link), "success");
    EXPECT_EQ(accept(mail.link), "invalid_link");
    EXPECT_TRUE(account_of().email_verified_at.has_value());
    EXPECT_EQ(log_in("another"), "success");
}

TEST_F(Invitation, OfADisabledAccountIsRefusedAndLosesItsEffect) {
    EXPECT_EQ(invite(account_of()), "success");
    const auto link = newest(MailTemplate::invitation).link;
    ASSERT_TRUE(write([&](Transaction& transaction) {
                    return disable_account(transaction, account_of(), testing::actor(), clock.now());
                }).has_value());
    EXPECT_EQ(accept(link), "invalid_link");
    EXPECT_EQ(invite(account_of()), "account_disabled");
}

}  // namespace
}  // namespace postern::core
