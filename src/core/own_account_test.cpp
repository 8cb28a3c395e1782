// What people do with their own account: password, address, name, sessions, leaving.
#include "core/own_account.hpp"

#include "base/limits.hpp"
#include "core/profile.hpp"
#include "core/self_service_testing.hpp"

namespace postern::core {
namespace {

using testing::email;
using testing::password;

class OwnAccount : public testing::SelfService {
protected:
    std::string change(const Reauthenticated& who, const std::string& secret = "another") {
        return code_of(write([&](Transaction& transaction) {
            return change_password(transaction, who, password(secret), testing::actor(), clock.now());
        }));
    }
    std::string ask_for(const Reauthenticated& who, const std::string& address) {
        return code_of(write([&](Transaction& transaction) {
            return request_email_change(transaction, secrets, who, *text.parse_email(address), account_policy,
                                        testing::actor(), clock.now());
        }));
    }
    std::string leave(const Reauthenticated& who) {
        return code_of(write([&](Transaction& transaction) {
            return delete_own_account(transaction, who, testing::actor(), clock.now());
        }));
    }
    void change_stored(const std::function<Result<Account>(Transaction&, Account)>& with) {
        ASSERT_TRUE(write([&](Transaction& transaction) { return with(transaction, account_of()); }).has_value());
    }
};

TEST_F(OwnAccount, OnlyTheRightPasswordConfirms) {
    const auto caller = sign_in();
    EXPECT_EQ(code_of(reauthenticate(caller, "wrong")), "wrong_password");
    EXPECT_EQ(code_of(reauthenticate(caller)), "success");
    stored().password_hash.clear();
    EXPECT_EQ(code_of(reauthenticate(caller, "\x01")), "wrong_password") << "that of the dummy hash";
}

TEST_F(OwnAccount, AnothersPasswordConfirmsNothing) {
    const auto caller = sign_in();
    EXPECT_EQ(sign_up_with("eve@example.org", "eve's own"), "success");
    const auto attempt =
        *read_and_wait(*store, [&](Reader& reader) { return begin_login(reader, hasher, "eve@example.org"); });
    const auto check = *check_password(hasher, text, attempt, SecretString("eve's own"));
    ASSERT_TRUE(check.matches);
    EXPECT_EQ(code_of(confirm_password(caller, attempt, check)), "wrong_password");
}

TEST_F(OwnAccount, ChangingThePasswordKeepsTheCurrentSessionAlone) {
    sign_in();
    const TokenPair other = pair;
    const auto caller = sign_in();
    const TokenPair current = pair;
    EXPECT_EQ(forget(), "success");
    EXPECT_EQ(change(*reauthenticate(caller)), "success");
    EXPECT_EQ(token_state(current), "accepted");
    EXPECT_EQ(token_state(other), "token_revoked");
    EXPECT_EQ(testing::refresh(*store, other.refresh, clock.now())->status, RefreshStatus::session_ended);
    EXPECT_EQ(testing::refresh(*store, current.refresh, clock.now())->status, RefreshStatus::rotated);
    EXPECT_EQ(reset(newest(MailTemplate::reset_password).link), "invalid_link");
    EXPECT_EQ(mails(MailTemplate::password_changed), 1);
    EXPECT_EQ(last_record().event, "account.password_changed");
    EXPECT_EQ(log_in("correct"), "invalid_credentials");
    EXPECT_EQ(log_in("another"), "success");
}

// More sessions than a page holds, some of them run out long ago.
TEST_F(OwnAccount, ChangingThePasswordEndsHoweverManySessions) {
    const auto caller = sign_in();
    const Session mine = store->tables.sessions.begin()->second;
    for (std::size_t i = 0; i < 3 * limits::sessions_per_account; ++i) {
        Session session = mine;
        session.id = SessionId::make(clock.now());
        store->tables.sessions.emplace(session.id, session);
    }
    EXPECT_EQ(change(*reauthenticate(caller)), "success");
    for (const auto& [id, session] : store->tables.sessions) {
        EXPECT_EQ(session.ended_at.has_value(), id != caller.session());
    }
}

TEST_F(OwnAccount, WhatCommittedMeanwhileWins) {
    const auto caller = sign_in();
    auto who = reauthenticate(caller);
    EXPECT_EQ(forget(), "success");
    EXPECT_EQ(reset(newest(MailTemplate::reset_password).link), "success");
    EXPECT_EQ(change(*who, "thief's"), "token_revoked");
    EXPECT_EQ(ask_for(*who, "thief@example.net"), "token_revoked");
    EXPECT_EQ(leave(*who), "token_revoked");

    const auto again = sign_in("another");
    who = reauthenticate(again, "another");
    const auto second = sign_in("another");
    EXPECT_EQ(change(*reauthenticate(second, "another"), "third"), "success");
    EXPECT_EQ(change(*who, "thief's"), "token_revoked") << "its session was another one";

    const auto third = sign_in("third");
    who = reauthenticate(third, "third");
    EXPECT_EQ(change(*who, "fourth"), "success");
    EXPECT_EQ(change(*who, "fifth"), "wrong_password") << "what was confirmed is not the password any more";

    who = reauthenticate(third, "fourth");
    change_stored([&](Transaction& transaction, Account account) {
        return disable_account(transaction, std::move(account), testing::actor(), clock.now());
    });
    EXPECT_EQ(change(*who, "fifth"), "token_revoked");
}

TEST_F(OwnAccount, ALoginThatRehashesMeanwhileDoesNotGetInTheWay) {
    const auto caller = sign_in();
    const auto who = reauthenticate(caller);
    stored().password_hash = "newer:correct";
    EXPECT_EQ(change(*who), "success");
}

TEST_F(OwnAccount, ANewAddressIsConfirmedThereAndToldToTheOldOne) {
    const auto caller = sign_in();
    const TokenPair before = pair;
    EXPECT_EQ(ask_for(*reauthenticate(caller), "Lovelace@example.net"), "success");
    EXPECT_EQ(account_of().email_key, email().key) << "nothing has changed yet";
    const auto mail = newest(MailTemplate::change_email);
    EXPECT_EQ(mail.recipient, "Lovelace@example.net");
    EXPECT_EQ(newest(MailTemplate::email_change_requested).recipient, email().given);
    EXPECT_EQ(forget(), "success");
    const auto to_old_address = newest(MailTemplate::reset_password).link;

    EXPECT_EQ(reset(mail.link), "invalid_link");
    EXPECT_EQ(verify(mail.link), "invalid_link");
    EXPECT_EQ(confirm_email(mail.link), "success");
    EXPECT_EQ(confirm_email(mail.link), "invalid_link");
    EXPECT_EQ(account_of("lovelace@example.net").email, "Lovelace@example.net");
    EXPECT_EQ(mails(MailTemplate::email_changed), 1);
    EXPECT_EQ(newest(MailTemplate::email_changed).recipient, email().given) << "the old one";
    EXPECT_EQ(reset(to_old_address), "invalid_link");
    EXPECT_EQ(token_state(before), "token_revoked");
    EXPECT_EQ(log_in("correct"), "invalid_credentials");
    EXPECT_EQ(log_in("correct", "lovelace@example.net"), "success");
}

TEST_F(OwnAccount, WhoeverAsksDoesNotLearnWhetherTheAddressIsTaken) {
    EXPECT_EQ(sign_up_with("eve@example.org", "eve's own"), "success");
    EXPECT_EQ(verify(newest(MailTemplate::verify_email).link), "success");
    const auto caller = sign_in();
    const auto who = reauthenticate(caller);
    EXPECT_EQ(ask_for(*who, "eve@example.org"), ask_for(*who, "free@example.org"));
    EXPECT_EQ(mails(MailTemplate::email_change_requested), 2) << "the asker's own mailbox tells nothing either";
    EXPECT_EQ(newest(MailTemplate::already_registered).recipient, "eve@example.org");
    EXPECT_EQ(newest(MailTemplate::change_email).recipient, "free@example.org");
    for (int i = 0; i < 20; ++i) EXPECT_EQ(ask_for(*who, "eve@example.org"), ask_for(*who, "free@example.org"));
    EXPECT_LE(mails(MailTemplate::change_email), limits::mails_per_account);
    EXPECT_LE(mails(MailTemplate::already_registered), limits::mails_per_account);
}

TEST_F(OwnAccount, AnAddressTakenMeanwhileIsAClearConflict) {
    const auto caller = sign_in();
    EXPECT_EQ(ask_for(*reauthenticate(caller), "eve@example.org"), "success");
    const auto link = newest(MailTemplate::change_email).link;
    EXPECT_EQ(sign_up_with("eve@example.org", "eve's own"), "success");
    EXPECT_EQ(verify(newest(MailTemplate::verify_email).link), "success");
    EXPECT_EQ(confirm_email(link), "email_taken");
    EXPECT_EQ(account_of().email, email().given);
    EXPECT_EQ(log_in("eve's own", "eve@example.org"), "success");
}

// Nobody can keep an address from its owner by signing up with it.
TEST_F(OwnAccount, AnUnconfirmedSignUpGivesWayToTheHolderOfTheMailbox) {
    EXPECT_EQ(sign_up_with("new@example.org", "squatter's"), "success");
    const auto squatters = newest(MailTemplate::verify_email).link;
    const auto caller = sign_in();
    EXPECT_EQ(ask_for(*reauthenticate(caller), "new@example.org"), "success");
    EXPECT_EQ(confirm_email(newest(MailTemplate::change_email).link), "success");
    EXPECT_EQ(verify(squatters), "invalid_link");
    EXPECT_EQ(log_in("squatter's", "new@example.org"), "invalid_credentials");
    EXPECT_EQ(log_in("correct", "new@example.org"), "success");
}

TEST_F(OwnAccount, AChangeOfAddressThatIsNoneIsRefused) {
    const auto caller = sign_in();
    const auto who = reauthenticate(caller);
    EXPECT_EQ(ask_for(*who, email().given), "email_unchanged");
    EXPECT_EQ(ask_for(*who, "ADA@example.org"), "success") << "the same address, written another way";
    EXPECT_EQ(confirm_email(newest(MailTemplate::change_email).link), "success");
    EXPECT_EQ(account_of().email, "ADA@example.org");
}

TEST_F(OwnAccount, AChangeThatIsPendingDiesWithADisableAndANewPassword) {
    auto caller = sign_in();
    EXPECT_EQ(ask_for(*reauthenticate(caller), "thief@example.net"), "success");
    const auto link = newest(MailTemplate::change_email).link;
    EXPECT_EQ(change(*reauthenticate(caller)), "success");
    EXPECT_EQ(confirm_email(link), "invalid_link");
    EXPECT_EQ(ask_for(*reauthenticate(caller, "another"), "thief@example.net"), "success");
    stored().disabled_at = clock.now();
    EXPECT_EQ(confirm_email(newest(MailTemplate::change_email).link), "invalid_link");
}

TEST_F(OwnAccount, LeavingTakesEverythingAlongButTheRecord) {
    const auto caller = sign_in();
    const TokenPair before = pair;
    const AccountId id = caller.account();
    EXPECT_EQ(leave(*reauthenticate(caller)), "success");
    EXPECT_TRUE(store->tables.accounts.empty());
    EXPECT_TRUE(store->tables.sessions.empty());
    EXPECT_EQ(token_state(before), "token_revoked");
    EXPECT_EQ(log_in("correct"), "invalid_credentials");
    EXPECT_EQ(newest(MailTemplate::account_deleted).recipient, email().given);
    bool told = false;
    for (const AuditRecord& record : store->tables.audit) {
        if (record.account_id != id) continue;
        told = told || record.event == "account.deleted";
        EXPECT_EQ(record.address + record.user_agent + record.detail, "") << record.event;
    }
    EXPECT_TRUE(told);
}

TEST_F(OwnAccount, TheLastAdministratorCannotLeave) {
    stored().admin = true;
    const auto caller = sign_in();
    EXPECT_EQ(leave(*reauthenticate(caller)), "last_admin");
    EXPECT_EQ(log_in("correct"), "success");
    EXPECT_TRUE(store->tables.outbox.empty()) << "and is told nothing of the kind";
}

TEST_F(OwnAccount, SessionsAreOnesOwnOnly) {
    EXPECT_EQ(sign_up_with("eve@example.org", "eve's own"), "success");
    EXPECT_EQ(verify(newest(MailTemplate::verify_email).link), "success");
    const auto eve = sign_in("eve's own", "eve@example.org");
    const TokenPair eves = pair;
    const auto first = sign_in();
    clock.advance(std::chrono::seconds(1));
    const auto second = sign_in();
    const auto list = [&](const SignedIn& caller) {
        return read_and_wait(*store, [&](Reader& reader) { return list_own_sessions(reader, caller, clock.now()); });
    };
    ASSERT_EQ(list(second)->size(), 2U);
    EXPECT_EQ(list(second)->front().id, second.session()) << "newest first";

    const auto end = [&](const SignedIn& caller, const SessionId& id) {
        return code_of(write([&](Transaction& transaction) {
            return end_own_session(transaction, caller, id, testing::actor(), clock.now());
        }));
    };
    EXPECT_EQ(end(second, eve.session()), "session_unknown");
    EXPECT_EQ(end(second, SessionId::make(clock.now())), "session_unknown");
    EXPECT_EQ(token_state(eves), "accepted");
    EXPECT_EQ(end(second, first.session()), "success");
    EXPECT_EQ(end(second, first.session()), "session_unknown");
    EXPECT_EQ(list(second)->size(), 1U);
    EXPECT_EQ(code_of(list(first)), "token_revoked");
    clock.advance(token_policy.session_idle);
    EXPECT_TRUE(list(second)->empty()) << "what can no longer be refreshed is not shown";
}

TEST_F(OwnAccount, LoggingOutEndsTheSessionForThatReason) {
    const auto caller = sign_in();
    const TokenPair before = pair;
    const auto out = [&] {
        return code_of(write(
            [&](Transaction& transaction) { return log_out(transaction, caller, testing::actor(), clock.now()); }));
    };
    EXPECT_EQ(out(), "success");
    EXPECT_EQ(out(), "success") << "what its holder wants is so";
    EXPECT_EQ(token_state(before), "token_revoked");
    EXPECT_EQ(last_record().event, "session.ended");
    EXPECT_EQ(last_record().outcome, "logged_out");
}

TEST_F(OwnAccount, TheProfileChangesWhatIsThere) {
    const auto caller = sign_in();
    const auto changed = write([&](Transaction& transaction) {
        return change_profile(transaction, caller, {"Ada", std::nullopt}, testing::actor(), clock.now());
    });
    ASSERT_TRUE(changed.has_value());
    EXPECT_EQ(changed->display_name, "Ada");
    EXPECT_EQ(account_of().display_name, "Ada");
    EXPECT_EQ(account_of().locale, "");
}

TEST_F(OwnAccount, NamesAreOneLineThatHidesNothing) {
    for (const std::string good : {"", "Ada", "Ada Lovelace", "Zoë 🎉", "Ada/Grace"}) {
        EXPECT_EQ(code_of(accept_display_name(text, good)), "success") << good;
    }
    for (const std::string bad :
         {"a\nBcc: b@example.org", "a\rb", "\x01", "\x7f", "a\u0085b", "a\u2028b", "\u202Eadmin", "\u2066x"}) {
        EXPECT_EQ(code_of(accept_display_name(text, bad)), "invalid_display_name") << bad;
    }
    EXPECT_EQ(code_of(accept_display_name(text, std::string(limits::display_name_characters, 'a'))), "success");
    EXPECT_EQ(code_of(accept_display_name(text, std::string(limits::display_name_characters + 1, 'a'))),
              "invalid_display_name");
    EXPECT_EQ(code_of(accept_display_name(text, std::string(1'000'000, 'a'))), "invalid_display_name");
}

TEST_F(OwnAccount, LocalesAreLanguageTags) {
    for (const std::string good : {"", "en", "de", "pt-BR", "zh-Hans-CN", "en-x-pirate"}) {
        EXPECT_EQ(code_of(accept_locale(good)), "success") << good;
    }
    for (const std::string bad : {"e", "1a", "en-", "-en", "en--US", "en_US", "../../etc", "en\n", "toolonglanguage",
                                  "en-thispartistoolong", "en-aaaaaaaa-bbbbbbbb-cccccccc-dddddddd"}) {
        EXPECT_EQ(code_of(accept_locale(bad)), "invalid_locale") << bad;
    }
}

}  // namespace
}  // namespace postern::core
