#include "core/sign_up.hpp"

#include "base/limits.hpp"
#include "core/self_service_testing.hpp"

namespace postern::core {
namespace {

using testing::email;

constexpr auto eve = "eve@example.org";

class SigningUp : public testing::SelfService {};

TEST_F(SigningUp, MakesADemoAccountThatLogsInOnceItsAddressIsProven) {
    EXPECT_EQ(sign_up_with("Eve@example.org", "first", {"Eve", "de"}), "success");
    const Account made = account_of(eve);
    EXPECT_EQ(made.kind, AccountKind::demo);
    EXPECT_EQ(made.email, "Eve@example.org");
    EXPECT_EQ(made.display_name, "Eve");
    EXPECT_EQ(made.locale, "de");
    EXPECT_EQ(made.password_scheme, "new");
    EXPECT_EQ(log_in("first", eve), "email_not_verified");
    const auto mail = newest(MailTemplate::verify_email);
    EXPECT_EQ(mail.recipient, "Eve@example.org");
    EXPECT_EQ(verify(mail.link), "success");
    EXPECT_EQ(last_record().event, "account.email_verified");
    EXPECT_EQ(log_in("first", eve), "success");
}

TEST_F(SigningUp, ALinkWorksOnceInTimeAndForItsPurposeOnly) {
    EXPECT_EQ(sign_up_with(eve, "first"), "success");
    const auto link = newest(MailTemplate::verify_email).link;
    EXPECT_EQ(reset(link), "invalid_link");
    EXPECT_EQ(accept(link), "invalid_link");
    EXPECT_EQ(confirm_email(link), "invalid_link");
    EXPECT_EQ(log_in("first", eve), "email_not_verified") << "nothing came of trying";
    EXPECT_EQ(verify(link), "success");
    EXPECT_EQ(verify(link), "invalid_link");
    EXPECT_EQ(sign_up_with("late@example.org", "first"), "success");
    clock.advance(limits::verify_link_life);
    EXPECT_EQ(verify(newest(MailTemplate::verify_email).link), "invalid_link");
    for (const std::string nonsense :
         {"", "x", "'; DROP TABLE accounts; --", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}) {
        EXPECT_EQ(verify(nonsense), "invalid_link");
    }
}

// Pre-hijacking: whoever signed up first must not gain from the mailbox's owner confirming a later sign-up.
TEST_F(SigningUp, ARepeatedOneReplacesThePasswordAndVoidsTheEarlierLink) {
    EXPECT_EQ(sign_up_with(eve, "attacker's", {"Not Eve", "fr"}), "success");
    const auto first = newest(MailTemplate::verify_email).link;
    EXPECT_EQ(sign_up_with(eve, "eve's own"), "success");
    EXPECT_EQ(store->tables.accounts.size(), 2U);
    EXPECT_EQ(account_of(eve).display_name, "") << "nothing of the first one stays";
    EXPECT_EQ(verify(first), "invalid_link");
    EXPECT_EQ(log_in("eve's own", eve), "email_not_verified");
    EXPECT_EQ(verify(newest(MailTemplate::verify_email).link), "success");
    EXPECT_EQ(log_in("attacker's", eve), "invalid_credentials");
    EXPECT_EQ(log_in("eve's own", eve), "success");
}

TEST_F(SigningUp, AResetLinkFromBeforeARepeatedOneIsVoidToo) {
    EXPECT_EQ(sign_up_with(eve, "first"), "success");
    EXPECT_EQ(forget(eve), "success");
    const auto link = newest(MailTemplate::reset_password).link;
    EXPECT_EQ(sign_up_with(eve, "second"), "success");
    EXPECT_EQ(reset(link), "invalid_link");
}

// A stranger who uses the mails up first must not get their password confirmed by the holder, who clicks the newest
// link.
TEST_F(SigningUp, PastTheLimitOfMailsTheOlderLinkIsVoidAllTheSame) {
    for (std::int64_t i = 0; i < limits::mails_per_account; ++i) EXPECT_EQ(sign_up_with(eve, "stranger's"), "success");
    const auto link = newest(MailTemplate::verify_email).link;
    EXPECT_EQ(sign_up_with(eve, "eve's own"), "success");
    EXPECT_EQ(last_record().outcome, "mail_limit");
    EXPECT_EQ(mails(MailTemplate::verify_email), limits::mails_per_account);
    EXPECT_EQ(verify(link), "invalid_link");
    EXPECT_EQ(log_in("stranger's", eve), "invalid_credentials");
    EXPECT_EQ(log_in("eve's own", eve), "email_not_verified");
}

TEST_F(SigningUp, AStrangersMailsLeaveRoomForAReset) {
    EXPECT_EQ(sign_up_with(eve, "eve's own"), "success");
    EXPECT_EQ(verify(newest(MailTemplate::verify_email).link), "success");
    for (std::int64_t i = 0; i < 2 * limits::mails_per_account; ++i) EXPECT_EQ(sign_up_with(eve, "x"), "success");
    EXPECT_EQ(mails(MailTemplate::already_registered), limits::mails_per_account);
    EXPECT_EQ(forget(eve), "success");
    EXPECT_EQ(mails(MailTemplate::reset_password), 1);
}

TEST_F(SigningUp, OverAnAccountTellsItsHolderAndChangesNothing) {
    struct Case {
        std::string name;
        std::function<void(Account&)> make;
    };
    const std::vector<Case> cases = {
        {"standard", [](Account&) {}},
        {"waiting to be activated", [](Account& account) { account.activated_at.reset(); }},
        {"disabled", [](Account& account) { account.disabled_at = account.created_at; }},
        {"verified demo",
         [](Account& account) {
             account.kind = AccountKind::demo;
             account.email_verified_at = account.created_at;
         }},
        {"demo with rights, unverified",
         [](Account& account) {
             account.kind = AccountKind::demo;
             account.email_verified_at.reset();
             account.admin = true;
         }},
        {"banned before it was verified",
         [](Account& account) {
             account.kind = AccountKind::demo;
             account.disabled_at = account.created_at;
         }},
    };
    for (const auto& [name, make] : cases) {
        SetUp();
        make(stored());
        const Account before = account_of();
        EXPECT_EQ(sign_up_with("Ada@Example.org", "attacker's"), "success") << name;
        const Account after = account_of();
        EXPECT_EQ(after.password_hash, before.password_hash) << name;
        EXPECT_EQ(after.security_version, before.security_version) << name;
        EXPECT_EQ(mails(MailTemplate::already_registered), 1) << name;
        EXPECT_EQ(mails(MailTemplate::verify_email), 0) << name;
        EXPECT_TRUE(store->tables.mail_tokens.empty()) << name;
        EXPECT_EQ(last_record().outcome, "already_registered") << name;
    }
}

TEST_F(SigningUp, IsRefusedTheSameForEveryAddressWhereItIsClosedOrMailIsOff) {
    for (const std::string address : {"eve@example.org", "ada@example.org"}) {
        account_policy.sign_up_open = false;
        EXPECT_EQ(sign_up_with(address, "first"), "sign_up_closed");
        account_policy.sign_up_open = true;
        account_policy.mail_works = false;
        EXPECT_EQ(sign_up_with(address, "first"), "mail_unavailable");
        EXPECT_EQ(resend(address), "mail_unavailable");
        EXPECT_EQ(forget(address), "mail_unavailable");
        account_policy.mail_works = true;
    }
    EXPECT_TRUE(store->tables.outbox.empty());
    EXPECT_EQ(store->tables.accounts.size(), 1U);
}

TEST_F(SigningUp, TheNameOfWhoeverSignedUpIsNotMailedToTheMailboxBeforeItIsProven) {
    EXPECT_EQ(sign_up_with(eve, "first", {"You have won: evil.example", ""}), "success");
    EXPECT_EQ(newest(MailTemplate::verify_email).payload.find("evil"), std::string::npos);
}

TEST_F(SigningUp, ResendsTheLinkOfWhatIsNotVerifiedAndSaysNothingOfTheRest) {
    EXPECT_EQ(sign_up_with(eve, "first"), "success");
    const auto first = newest(MailTemplate::verify_email).link;
    EXPECT_EQ(resend(eve), "success");
    const auto second = newest(MailTemplate::verify_email).link;
    EXPECT_EQ(verify(first), "invalid_link");
    EXPECT_EQ(verify(second), "success");
    const auto sent = store->tables.outbox.size();
    EXPECT_EQ(resend(eve), "success");
    EXPECT_EQ(last_record().outcome, "already_verified");
    EXPECT_EQ(resend("nobody@example.org"), "success");
    EXPECT_EQ(last_record().outcome, "account_unknown");
    stored().disabled_at = clock.now();
    EXPECT_EQ(resend(email().key), "success");
    EXPECT_EQ(store->tables.outbox.size(), sent);
}

TEST_F(SigningUp, VerifyingAStandardAccountDoesNotActivateIt) {
    stored().activated_at.reset();
    EXPECT_EQ(resend(email().key), "success");
    EXPECT_EQ(verify(newest(MailTemplate::verify_email).link), "success");
    EXPECT_TRUE(account_of().email_verified_at.has_value());
    EXPECT_EQ(log_in("correct"), "account_not_activated");
}

// Two uses at once: the second one's look was before the first one's commit.
TEST_F(SigningUp, OfTwoUsesAtOnceOneWins) {
    EXPECT_EQ(sign_up_with(eve, "first"), "success");
    const auto link = newest(MailTemplate::verify_email).link;
    auto outcome = write([&](Transaction& transaction) -> Result<Account> {
        auto opened = TRY(open_mailed_link(transaction, link, MailPurpose::verify_email, clock.now()));
        TRY(verify_email(transaction, link, testing::stranger(), clock.now()));
        return use_mailed_link(transaction, link, MailPurpose::verify_email, opened.account, clock.now());
    });
    EXPECT_EQ(code_of(outcome), "retry") << "and the next try finds no link";
}

TEST_F(SigningUp, ExpiresWhenNobodyConfirmsIt) {
    EXPECT_EQ(sign_up_with(eve, "first"), "success");
    const auto id = account_of(eve).id;
    const auto expire = [&](Timestamp before) {
        return *write([&](Transaction& transaction) { return expire_sign_up(transaction, id, before, clock.now()); });
    };
    const Timestamp later = clock.now() + std::chrono::hours(1);
    EXPECT_FALSE(expire(later)) << "its link still works";
    store->tables.mail_tokens.clear();
    EXPECT_FALSE(expire(account_of(eve).updated_at)) << "too young";
    stored(eve).scopes = {"reports:read"};
    EXPECT_FALSE(expire(later)) << "an administrator gave it rights";
    stored(eve).scopes.clear();
    stored(eve).email_verified_at = clock.now();
    EXPECT_FALSE(expire(later)) << "it is confirmed";
    stored(eve).email_verified_at.reset();
    EXPECT_TRUE(expire(later));
    EXPECT_FALSE(expire(later)) << "there is none any more";
    EXPECT_EQ(store->tables.accounts.size(), 1U);
    EXPECT_EQ(mails(MailTemplate::verify_email), 0);
    EXPECT_EQ(last_record().event, "account.deleted");
    EXPECT_EQ(last_record().outcome, "unconfirmed");
    for (const auto& record : store->tables.audit) EXPECT_TRUE(record.account_id != id || record.detail.empty());
    EXPECT_EQ(sign_up_with(eve, "second"), "success") << "the address is free again";
}

}  // namespace
}  // namespace postern::core
