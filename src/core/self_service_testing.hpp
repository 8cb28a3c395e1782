// What the tests of the self-service flows share: a store, what was mailed, and whoever is signed in.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "core/email_change.hpp"
#include "core/invitation.hpp"
#include "core/outbox.hpp"
#include "core/own_deletion.hpp"
#include "core/own_sessions.hpp"
#include "core/password_change.hpp"
#include "core/password_reset.hpp"
#include "core/sign_up.hpp"
#include "core/testing.hpp"

namespace postern::core::testing {

// Addresses and passwords as they are, but for capital letters.
class LowerText final : public Text {
public:
    Result<EmailAddress> parse_email(std::string_view text) const override {
        std::string key(text);
        for (char& c : key) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
        return EmailAddress{key, std::string(text)};
    }
    Result<SecretString> prepare_password(const SecretString& password) const override { return password.copy(); }
    [[nodiscard]] std::size_t count_characters(std::string_view text) const override { return text.size(); }
};

inline Actor stranger() {
    return {"anonymous", "198.51.100.7", "test"};
}

inline NewPassword password(const std::string& text) {
    return {"new:" + text, "new"};
}

class SelfService : public ::testing::Test {
protected:
    // A standard account that may log in with "correct".
    void SetUp() override { store = store_with_account(clock.now()); }

    template <typename Work>
    auto write(Work work) {
        clock.advance(Milliseconds(1));  // ids of one millisecond have no order
        return write_and_wait(*store, work);
    }
    template <typename Outcome>
    static std::string code_of(const Outcome& outcome) {
        return outcome.has_value() ? "success" : outcome.error().code;
    }

    std::string sign_up_with(const std::string& address, const std::string& secret, Profile profile = {}) {
        const SignUp wanted{*text.parse_email(address), password(secret), std::move(profile)};
        return code_of(write([&](Transaction& transaction) {
            return sign_up(transaction, secrets, wanted, account_policy, stranger(), clock.now());
        }));
    }
    std::string verify(const std::string& token) {
        return code_of(
            write([&](Transaction& transaction) { return verify_email(transaction, token, stranger(), clock.now()); }));
    }
    std::string resend(const std::string& address) {
        return code_of(write([&](Transaction& transaction) {
            return resend_verification(transaction, secrets, *text.parse_email(address), account_policy, stranger(),
                                       clock.now());
        }));
    }
    std::string forget(const std::string& address = email().key) {
        return code_of(write([&](Transaction& transaction) {
            return request_password_reset(transaction, secrets, *text.parse_email(address), account_policy, stranger(),
                                          clock.now());
        }));
    }
    std::string reset(const std::string& token, const std::string& secret = "another") {
        return code_of(write([&](Transaction& transaction) {
            return reset_password(transaction, token, password(secret), stranger(), clock.now());
        }));
    }
    std::string invite(const Account& account) {
        return code_of(write([&](Transaction& transaction) {
            return invite_account(transaction, secrets, account, account_policy, actor(), clock.now());
        }));
    }
    std::string accept(const std::string& token, const std::string& secret = "another") {
        return code_of(write([&](Transaction& transaction) {
            return accept_invitation(transaction, token, password(secret), stranger(), clock.now());
        }));
    }
    std::string confirm_email(const std::string& token) {
        return code_of(write([&](Transaction& transaction) {
            return confirm_email_change(transaction, token, stranger(), clock.now());
        }));
    }

    // A login as `address`; its outcome, and who it is in `caller`.
    std::string log_in(const std::string& secret, const std::string& address = email().key) {
        const auto attempt =
            *read_and_wait(*store, [&](Reader& reader) { return begin_login(reader, hasher, address); });
        const auto check = *check_password(hasher, text, attempt, SecretString(secret));
        if (auto admitted = admit(attempt, check); !admitted.has_value()) return admitted.error().code;
        auto opened = write([&](Transaction& transaction) {
            return finish_login(transaction, attempt, check, false, actor(), policy(), "kid", clock.now());
        });
        if (!opened.has_value()) return opened.error().code;
        pair = *opened;
        return "success";
    }
    SignedIn caller_of(const TokenPair& tokens) {
        const auto bearer = checker().check(*signer.sign(tokens.access, "kid"), Knowledge::as_it_is);
        return *AccessChecker::check_account(*bearer);
    }
    SignedIn sign_in(const std::string& secret = "correct", const std::string& address = email().key) {
        EXPECT_EQ(log_in(secret, address), "success");
        return caller_of(pair);
    }
    Result<Reauthenticated> reauthenticate(const SignedIn& caller, const std::string& secret = "correct") {
        auto attempt = TRY(read_and_wait(*store, [&](Reader& reader) {
            return begin_login(reader, hasher, get_own_account(reader, caller)->email_key);
        }));
        const auto check = TRY(check_password(hasher, text, attempt, SecretString(secret)));
        return confirm_password(caller, attempt, check);
    }
    std::string token_state(const TokenPair& tokens) {
        const auto caller = checker().check(*signer.sign(tokens.access, "kid"), Knowledge::as_it_is);
        return caller.has_value() ? "accepted" : caller.error().code;
    }

    // The newest mail of that kind; empty when there is none. `link` is its token.
    struct Mail {
        std::string recipient;
        std::string payload;
        std::string link;
    };
    Mail newest(MailTemplate kind) {
        Mail mail;
        for (const auto& [id, entry] : store->tables.outbox) {
            if (entry.topic != word(kind)) continue;
            mail = {entry.recipient, entry.payload, ""};
            if (entry.token_id) mail.link = text_of_mail_token(secrets, *entry.token_id)->reveal();
        }
        return mail;
    }
    int mails(MailTemplate kind) {
        return static_cast<int>(std::ranges::count_if(
            store->tables.outbox, [&](const auto& entry) { return entry.second.topic == word(kind); }));
    }
    Account account_of(const std::string& address = email().key) {
        return *read_and_wait(*store, [&](Reader& reader) { return get_account(reader, address); });
    }
    Account& stored(const std::string& address = email().key) {
        return store->tables.accounts.at(account_of(address).id);
    }
    const AuditRecord& last_record() { return store->tables.audit.back(); }

    AccessChecker& checker() {
        if (!checker_) checker_ = std::make_unique<AccessChecker>(signer, *store, token_policy, clock, prepare_nothing);
        return *checker_;
    }

    FakeClock clock;
    PlainHasher hasher;
    PlainSecrets secrets;
    LowerText text;
    TableSigner signer;
    TokenPolicy token_policy = policy();
    AccountPolicy account_policy = testing::account_policy();
    std::unique_ptr<MemoryStore> store;
    TokenPair pair;

private:
    std::unique_ptr<AccessChecker> checker_;
};

}  // namespace postern::core::testing
