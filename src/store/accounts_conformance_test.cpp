// What every engine must do with accounts beyond one at a time: searches, schemes, batches, their end.
#include <array>
#include <functional>
#include <future>
#include <thread>
#include <utility>

#include "core/accounts.hpp"
#include "core/mail_tokens.hpp"
#include "core/testing.hpp"
#include "store/test_store.hpp"

namespace postern::store {
namespace {

using core::AccountFilter;
using core::read_and_wait;
using core::Reader;
using core::Transaction;
using core::write_and_wait;

class AccountsConformance : public StoreTest {
protected:
    void insert(core::Store& store, const core::Account& account) {
        MUST(write_and_wait(store, [&](Transaction& transaction) { return transaction.insert_account(account); }));
    }
    static std::vector<std::string> emails(const std::vector<core::Account>& accounts) {
        std::vector<std::string> found;
        for (const auto& account : accounts) found.push_back(account.email_key);
        return found;
    }
    static std::vector<std::string> search(core::Store& store, const AccountFilter& filter) {
        return emails(MUST(
            read_and_wait(store, [&](Reader& reader) { return reader.search_accounts(filter, std::nullopt, 100); })));
    }
    static std::vector<bool> insert_all(core::Store& store, const std::vector<core::Account>& accounts) {
        return MUST(
            write_and_wait(store, [&](Transaction& transaction) { return transaction.insert_accounts(accounts); }));
    }
    static std::optional<core::Account> find(core::Store& store, const core::AccountId& id) {
        return MUST(read_and_wait(store, [&](Reader& reader) { return reader.find_account(id); }));
    }
    // In order of id, since the clock moves on.
    core::Account next_account(const std::string& email) {
        clock_.advance(Milliseconds(1));
        return some_account(email, now());
    }
};

using Emails = std::vector<std::string>;

INSTANTIATE_TEST_SUITE_P(On, AccountsConformance, testing::Values("sqlite", "postgresql"), engine_name);

TEST_P(AccountsConformance, KeepsWhatBelongsToAnAccount) {
    auto store = open();
    auto account = next_account("ann@example.com");
    account.password_scheme = "argon2id:m=19456,t=2,p=1";
    account.display_name = "Ann Ünder";
    account.locale = "de-CH";
    account.roles = {"billing", "support"};
    insert(*store, account);
    auto found = find(*store, account.id).value();
    EXPECT_EQ(found.password_scheme, account.password_scheme);
    EXPECT_EQ(found.display_name, account.display_name);
    EXPECT_EQ(found.locale, account.locale);
    EXPECT_EQ(found.roles, account.roles);

    account.email_key = "anna@example.com";
    account.email = "Anna@example.com";
    account.kind = core::AccountKind::demo;
    account.admin = true;
    account.password_hash = "other";
    account.password_scheme = "bcrypt:12";
    account.display_name.clear();
    account.locale = "fr";
    account.roles = {"owner"};
    account.security_version = 2;
    account.updated_at = now() + Milliseconds(1);
    account.activated_at.reset();
    account.email_verified_at = now() + Milliseconds(2);
    account.disabled_at = now() + Milliseconds(3);
    account.last_login_at = now() + Milliseconds(4);
    EXPECT_TRUE(
        MUST(write_and_wait(*store, [&](Transaction& transaction) { return transaction.update_account(account, 1); })));
    found = find(*store, account.id).value();
    EXPECT_EQ(found.email_key, "anna@example.com");
    EXPECT_EQ(found.email, "Anna@example.com");
    EXPECT_EQ(found.kind, core::AccountKind::demo);
    EXPECT_TRUE(found.admin);
    EXPECT_EQ(found.password_hash, "other");
    EXPECT_EQ(found.password_scheme, "bcrypt:12");
    EXPECT_EQ(found.display_name, "");
    EXPECT_EQ(found.locale, "fr");
    EXPECT_EQ(found.roles, std::vector<std::string>{"owner"});
    EXPECT_EQ(found.security_version, 2);
    EXPECT_EQ(found.updated_at, account.updated_at);
    EXPECT_FALSE(found.activated_at.has_value());
    EXPECT_EQ(found.email_verified_at, account.email_verified_at);
    EXPECT_EQ(found.disabled_at, account.disabled_at);
    EXPECT_EQ(found.last_login_at, account.last_login_at);
}

TEST_P(AccountsConformance, RefusesAnAddressThatAnotherAccountTookMeanwhile) {
    auto store = open();
    insert(*store, next_account("ann@example.com"));
    auto bob = next_account("bob@example.com");
    insert(*store, bob);
    bob.email_key = "ann@example.com";
    const auto refused =
        write_and_wait(*store, [&](Transaction& transaction) { return transaction.update_account(bob, 1); });
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    EXPECT_EQ(refused.error().code, "unique_violation");
    EXPECT_EQ(find(*store, bob.id).value().email_key, "bob@example.com");
}

TEST_P(AccountsConformance, SearchesTheAddressAsItIsWritten) {
    auto store = open();
    for (const char* email : {"ann@example.com", "a_b@example.com", "axb@example.com", "100%@example.com",
                              "100x@example.com", "back\\slash@example.com", "m\u00fcller@example.com"}) {
        insert(*store, next_account(email));
    }
    EXPECT_EQ(search(*store, {.text = "a_b"}), Emails{"a_b@example.com"});
    EXPECT_EQ(search(*store, {.text = "%"}), Emails{"100%@example.com"});
    EXPECT_EQ(search(*store, {.text = "\\"}), Emails{"back\\slash@example.com"});
    EXPECT_EQ(search(*store, {.text = "\\_"}), Emails());
    EXPECT_EQ(search(*store, {.text = "ANN@Ex"}), Emails{"ann@example.com"});
    EXPECT_EQ(search(*store, {.text = "\u00fcll"}), Emails{"m\u00fcller@example.com"});
    EXPECT_EQ(search(*store, {.text = "' OR 1=1 --"}), Emails());
    EXPECT_EQ(search(*store, {}).size(), 7U);
}

TEST_P(AccountsConformance, NarrowsASearchByWhatAnAccountIs) {
    auto store = open();
    const auto add = [&](const std::string& email, auto change) {
        auto account = next_account(email);
        change(account);
        insert(*store, account);
    };
    add("active@x", [](core::Account&) {});
    add("disabled@x", [&](core::Account& account) { account.disabled_at = now(); });
    add("asleep@x", [](core::Account& account) { account.activated_at.reset(); });
    add("admin@x", [](core::Account& account) { account.admin = true; });
    add("disabled-admin@x", [&](core::Account& account) {
        account.admin = true;
        account.disabled_at = now();
    });
    add("demo@x", [](core::Account& account) { account.kind = core::AccountKind::demo; });
    add("verified-demo@x", [&](core::Account& account) {
        account.kind = core::AccountKind::demo;
        account.email_verified_at = now();
    });
    EXPECT_EQ(search(*store, {.kind = core::AccountKind::demo}), (Emails{"demo@x", "verified-demo@x"}));
    EXPECT_EQ(search(*store, {.admin = true}), (Emails{"admin@x", "disabled-admin@x"}));
    EXPECT_EQ(search(*store, {.admin = true, .disabled = true}), Emails{"disabled-admin@x"});
    EXPECT_EQ(search(*store, {.admin = false}).size(), 5U);
    EXPECT_EQ(search(*store, {.disabled = true}), (Emails{"disabled@x", "disabled-admin@x"}));
    EXPECT_EQ(search(*store, {.active = true}), (Emails{"active@x", "admin@x", "verified-demo@x"}));
    EXPECT_EQ(search(*store, {.kind = core::AccountKind::standard, .disabled = false, .active = false}),
              Emails{"asleep@x"});
    EXPECT_EQ(search(*store, {.text = "demo", .active = false}), Emails{"demo@x"});

    const auto page = [&](std::optional<core::AccountId> after) {
        return MUST(read_and_wait(
            *store, [&](Reader& reader) { return reader.search_accounts({.disabled = false}, after, 3); }));
    };
    const auto first = page(std::nullopt);
    EXPECT_EQ(emails(first), (Emails{"active@x", "asleep@x", "admin@x"}));
    EXPECT_EQ(emails(page(first.back().id)), (Emails{"demo@x", "verified-demo@x"}));
}

TEST_P(AccountsConformance, TellsTheSchemesInUse) {
    auto store = open();
    const auto schemes = [&] {
        return MUST(read_and_wait(*store, [](Reader& reader) { return reader.list_password_schemes(); }));
    };
    EXPECT_TRUE(schemes().empty());
    for (const auto& [email, scheme] :
         std::array<std::pair<const char*, const char*>, 6>{{{"a@x", "bcrypt:12"},
                                                             {"b@x", ""},
                                                             {"c@x", "argon2id:m=19456,t=2,p=1"},
                                                             {"d@x", "bcrypt:12"},
                                                             {"e@x", "bcrypt:10"},
                                                             {"f@x", "Scrypt"}}}) {
        auto account = next_account(email);
        account.password_scheme = scheme;
        insert(*store, account);
    }
    EXPECT_EQ(schemes(), (Emails{"Scrypt", "argon2id:m=19456,t=2,p=1", "bcrypt:10", "bcrypt:12"}));
    const auto of_bcrypt = [&](std::optional<core::AccountId> after) {
        return MUST(read_and_wait(
            *store, [&](Reader& reader) { return reader.list_accounts_of_scheme("bcrypt:12", after, 1); }));
    };
    const auto first = of_bcrypt(std::nullopt);
    EXPECT_EQ(emails(first), Emails{"a@x"});
    const auto second = of_bcrypt(first.back().id);
    EXPECT_EQ(emails(second), Emails{"d@x"});
    EXPECT_TRUE(of_bcrypt(second.back().id).empty());
}

TEST_P(AccountsConformance, InsertsManyAndLeavesOutThoseThatAreTaken) {
    auto store = open();
    insert(*store, next_account("7@x"));
    const auto taken = add_account(*store, "other@x");
    std::vector<core::Account> accounts;
    for (int i = 0; i < 123; ++i) {
        auto account = some_account(std::to_string(i) + "@x", now());
        account.display_name = "Number " + std::to_string(i);
        account.roles = {"a", "b"};
        accounts.push_back(std::move(account));
    }
    accounts[20].email_key = accounts[10].email_key;  // within one statement
    accounts[30].id = accounts[31].id;
    accounts[110].email_key = accounts[11].email_key;  // across statements
    accounts[120].id = taken.id;
    accounts[122] = accounts[121];
    std::vector<bool> expected(accounts.size(), true);
    for (const std::size_t refused : {7, 20, 31, 110, 120, 122}) expected[refused] = false;
    EXPECT_EQ(insert_all(*store, accounts), expected);
    EXPECT_EQ(find(*store, accounts[30].id).value().email_key, "30@x");
    EXPECT_EQ(find(*store, accounts[122].id).value().display_name, "Number 121");
    EXPECT_EQ(find(*store, accounts[121].id).value().roles, accounts[0].roles);
    EXPECT_EQ(find(*store, taken.id).value().email_key, "other@x");
    EXPECT_EQ(search(*store, {}).size(), 100U);  // 119 in all, a page of them
    EXPECT_EQ(insert_all(*store, accounts), std::vector<bool>(accounts.size(), false));
    EXPECT_TRUE(insert_all(*store, {}).empty());
}

// A refused address must not let in a second account under the id of the refused one, nor be taken for it.
TEST_P(AccountsConformance, TellsApartWhichOfTwoWithOneIdItInserted) {
    auto store = open();
    insert(*store, next_account("taken@x"));
    std::vector<core::Account> accounts(60, some_account("", now()));
    for (std::size_t i = 0; i < accounts.size(); ++i) {
        accounts[i] = some_account(std::to_string(i) + "@x", now());
    }
    accounts[0].email_key = "taken@x";
    accounts[1].id = accounts[0].id;
    std::vector<bool> expected(accounts.size(), true);
    expected[0] = false;
    EXPECT_EQ(insert_all(*store, accounts), expected);
    EXPECT_EQ(find(*store, accounts[1].id).value().email_key, "1@x");
}

TEST_P(AccountsConformance, RollsABatchBackWhole) {
    auto store = open();
    std::vector<core::Account> accounts;
    for (int i = 0; i < 60; ++i) accounts.push_back(some_account(std::to_string(i) + "@x", now()));
    const auto refused = write_and_wait(*store, [&](Transaction& transaction) -> Result<void> {
        TRY(transaction.insert_accounts(accounts));
        return conflict("changed_my_mind", "");
    });
    EXPECT_EQ(refused.error().code, "changed_my_mind");
    EXPECT_TRUE(search(*store, {}).empty());
}

TEST_P(AccountsConformance, AnAccountTakesWhatIsItsOwnWithIt) {
    auto store = open();
    const auto ann = add_account(*store, "ann@example.com");
    const auto bob = add_account(*store, "bob@example.com");
    const auto mail_to = [&](const core::AccountId& id, core::OutboxKind kind, core::OutboxState state) {
        core::OutboxEntry entry;
        entry.id = core::OutboxId::make(now());
        entry.kind = kind;
        entry.account_id = id;
        entry.created_at = now();
        entry.due_at = now();
        entry.state = state;
        return entry;
    };
    MUST(write_and_wait(*store, [&](Transaction& transaction) -> Result<void> {
        for (const auto& id : {ann.id, bob.id}) {
            core::MailToken token;
            token.id = core::MailTokenId::make(now());
            token.account_id = id;
            TRY(transaction.insert_mail_token(token));
            TRY(transaction.note_known_network(id, "192.0.2.0", now()));
            TRY(transaction.insert_outbox(mail_to(id, core::OutboxKind::mail, core::OutboxState::pending)));
            TRY(transaction.insert_outbox(mail_to(id, core::OutboxKind::mail, core::OutboxState::sent)));
            TRY(transaction.insert_outbox(mail_to(id, core::OutboxKind::webhook, core::OutboxState::pending)));
        }
        EXPECT_TRUE(TRY(transaction.delete_account(ann.id)));
        return {};
    }));
    MUST(read_and_wait(*store, [&](Reader& reader) -> Result<void> {
        EXPECT_TRUE(TRY(reader.list_mail_tokens(ann.id)).empty());
        EXPECT_TRUE(TRY(reader.list_known_networks(ann.id)).empty());
        EXPECT_EQ(TRY(reader.count_mails_since(ann.id, "", now())), 0) << "an address stands in what was sent";
        EXPECT_EQ(TRY(reader.list_mail_tokens(bob.id)).size(), 1U);
        EXPECT_EQ(TRY(reader.list_known_networks(bob.id)).size(), 1U);
        EXPECT_EQ(TRY(reader.count_mails_since(bob.id, "", now())), 2);
        EXPECT_EQ(TRY(reader.list_outbox(core::OutboxState::pending, std::nullopt, 10)).size(), 3U);
        return {};
    }));
}

TEST_P(AccountsConformance, ForgetsTheNetworksOfOneAccount) {
    auto store = open();
    const auto ann = add_account(*store, "ann@example.com");
    const auto bob = add_account(*store, "bob@example.com");
    MUST(write_and_wait(*store, [&](Transaction& transaction) -> Result<void> {
        for (const auto& id : {ann.id, bob.id}) TRY(transaction.note_known_network(id, "192.0.2.0", now()));
        EXPECT_EQ(TRY(transaction.delete_known_networks(ann.id)), 1U);
        EXPECT_TRUE(TRY(transaction.list_known_networks(ann.id)).empty());
        EXPECT_EQ(TRY(transaction.list_known_networks(bob.id)).size(), 1U);
        return {};
    }));
}

// What is written about an account by one who takes its row is seen by whoever changes the account, or comes too late.
TEST_P(AccountsConformance, WhoTakesAnAccountIsSeenByWhoChangesIt) {
    auto store = open();
    const auto other = open();
    const auto ann = add_account(*store, "ann@example.com");
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&, i] {
            (void)write_and_wait(i % 2 == 0 ? *store : *other, [&](Transaction& transaction) -> Result<void> {
                if (!TRY(transaction.take_account(ann.id, ann.security_version))) return conflict("too_late", "");
                core::MailToken token;
                token.id = core::MailTokenId::make(now());
                token.account_id = ann.id;
                return transaction.insert_mail_token(token);
            });
        });
    }
    threads.emplace_back([&] {
        MUST(write_and_wait(*store, [&](Transaction& transaction) -> Result<void> {
            auto account = ann;
            account.security_version += 1;
            TRY(transaction.update_account(account, ann.security_version));
            TRY(transaction.delete_mail_tokens_of(ann.id, std::nullopt));
            return {};
        }));
    });
    for (auto& thread : threads) thread.join();
    const auto left = MUST(read_and_wait(*store, [&](Reader& reader) { return reader.list_mail_tokens(ann.id); }));
    EXPECT_TRUE(left.empty());
}

// The same by core's own steps: a link is being written while an operator ends everything from before.
TEST_P(AccountsConformance, NoLinkSurvivesWhatEndsIt) {
    const core::testing::PlainSecrets secrets;
    const core::Actor actor{"system", "", ""};
    const auto write_link = [&](Transaction& transaction, const core::Account& account) {
        return core::issue_mail_token(transaction, secrets, account, core::MailPurpose::change_email,
                                      {account.email_key, account.email}, std::chrono::seconds(60), now());
    };
    const auto disable = [&](Transaction& transaction, core::Account account) {
        return core::disable_account(transaction, std::move(account), actor, now());
    };
    const auto set_password = [&](Transaction& transaction, core::Account account) {
        return core::set_password(transaction, std::move(account), {"new", "new"}, actor, now());
    };
    using End = std::function<Result<core::Account>(Transaction&, core::Account)>;
    for (const End& end : {End(disable), End(set_password)}) {
        auto store = open();
        const auto other = open();
        const auto ann = add_account(*store, core::AccountId::make(now()).text() + "@example.com");
        std::promise<void> written;
        std::thread writer([&] {
            bool first = true;
            (void)write_and_wait(*store, [&](Transaction& transaction) -> Result<void> {
                TRY(write_link(transaction, ann));
                if (std::exchange(first, false)) written.set_value();
                std::this_thread::sleep_for(std::chrono::milliseconds(100));  // not committed while the other begins
                return {};
            });
        });
        written.get_future().wait();
        MUST(write_and_wait(*other, [&](Transaction& transaction) -> Result<core::Account> {
            return end(transaction, TRY(core::get_account(transaction, ann.id)));
        }));
        writer.join();
        const auto left = MUST(read_and_wait(*store, [&](Reader& reader) { return reader.list_mail_tokens(ann.id); }));
        EXPECT_TRUE(left.empty());
    }
}

}  // namespace
}  // namespace postern::store
