// What every engine must do with the records: each verb of the port, on SQLite and on PostgreSQL.
#include "store/test_store.hpp"

namespace postern::store {
namespace {

using core::read_and_wait;
using core::Reader;
using core::RevocationReason;
using core::SlotState;
using core::Transaction;
using core::write_and_wait;

class Conformance : public StoreTest {};

INSTANTIATE_TEST_SUITE_P(On, Conformance, testing::Values("sqlite", "postgresql"), engine_name);

TEST_P(Conformance, KeepsAnAccountAsItWasGiven) {
    auto store = open();
    auto account = some_account("ann@example.com", now());
    account.email = "Ann@Example.com";
    account.kind = core::AccountKind::demo;
    account.admin = true;
    account.security_version = 7;
    account.email_verified_at = now() + std::chrono::seconds(1);
    account.disabled_at = now() + std::chrono::seconds(2);
    account.last_login_at = now() + std::chrono::seconds(3);
    MUST(write_and_wait(*store, [&](Transaction& transaction) { return transaction.insert_account(account); }));

    const auto found = MUST(read_and_wait(*store, [&](Reader& reader) { return reader.find_account(account.id); }));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->id, account.id);
    EXPECT_EQ(found->email_key, "ann@example.com");
    EXPECT_EQ(found->email, "Ann@Example.com");
    EXPECT_EQ(found->kind, core::AccountKind::demo);
    EXPECT_TRUE(found->admin);
    EXPECT_EQ(found->password_hash, account.password_hash);
    EXPECT_EQ(found->security_version, 7);
    EXPECT_EQ(found->created_at, now());
    EXPECT_EQ(found->activated_at, account.activated_at);
    EXPECT_EQ(found->email_verified_at, account.email_verified_at);
    EXPECT_EQ(found->disabled_at, account.disabled_at);
    EXPECT_EQ(found->last_login_at, account.last_login_at);

    const auto by_email =
        MUST(read_and_wait(*store, [](Reader& reader) { return reader.find_account_by_email("ann@example.com"); }));
    ASSERT_TRUE(by_email.has_value());
    EXPECT_EQ(by_email->id, account.id);
}

TEST_P(Conformance, FindsNothingWhereThereIsNothing) {
    auto store = open();
    MUST(read_and_wait(*store, [&](Reader& reader) -> Result<void> {
        EXPECT_FALSE(TRY(reader.find_account(core::AccountId::make(now()))).has_value());
        EXPECT_FALSE(TRY(reader.find_account_by_email("Ann@example.com")).has_value());
        EXPECT_FALSE(TRY(reader.find_session(core::SessionId::make(now()))).has_value());
        EXPECT_FALSE(TRY(reader.find_slot({core::ListId::make(now()), 0})).has_value());
        EXPECT_FALSE(TRY(reader.find_slot_of_counter(core::SessionId::make(now()), 1)).has_value());
        EXPECT_FALSE(TRY(reader.find_setting("nothing")).has_value());
        EXPECT_TRUE(TRY(reader.list_accounts(std::nullopt, 10)).empty());
        EXPECT_TRUE(TRY(reader.list_keys()).empty());
        EXPECT_TRUE(TRY(reader.list_audit(std::nullopt, 10)).empty());
        EXPECT_EQ(TRY(reader.count_active_admins()), 0);
        return {};
    }));
}

TEST_P(Conformance, RefusesASecondAccountWithTheSameAddress) {
    auto store = open();
    add_account(*store, "ann@example.com");
    auto second = write_and_wait(*store, [&](Transaction& transaction) {
        return transaction.insert_account(some_account("ann@example.com", now()));
    });
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().kind, ErrorKind::conflict);
    // The address tells its case apart: folding is done before it comes here.
    add_account(*store, "Ann@example.com");
}

TEST_P(Conformance, UpdatesAnAccountOnlyAtTheExpectedVersion) {
    auto store = open();
    auto account = add_account(*store, "ann@example.com");
    account.password_hash = "new";
    account.security_version = 2;
    account.disabled_at = now();
    const auto update = [&](std::int64_t expected) {
        return MUST(write_and_wait(
            *store, [&](Transaction& transaction) { return transaction.update_account(account, expected); }));
    };
    EXPECT_TRUE(update(1));
    EXPECT_FALSE(update(1));
    const auto login = [&](std::int64_t expected) {
        return MUST(write_and_wait(*store, [&](Transaction& transaction) {
            return transaction.update_last_login(account.id, expected, now());
        }));
    };
    EXPECT_FALSE(login(1));
    EXPECT_TRUE(login(2));
    const auto found = MUST(read_and_wait(*store, [&](Reader& reader) { return reader.find_account(account.id); }));
    EXPECT_EQ(found->password_hash, "new");
    EXPECT_EQ(found->disabled_at, account.disabled_at);
    EXPECT_EQ(found->last_login_at, now());
}

TEST_P(Conformance, ListsAccountsInPages) {
    auto store = open();
    std::vector<core::AccountId> ids;
    for (int i = 0; i < 5; ++i) {
        ids.push_back(add_account(*store, std::to_string(i) + "@example.com").id);
        clock_.advance(Milliseconds(1));
    }
    const auto first =
        MUST(read_and_wait(*store, [](Reader& reader) { return reader.list_accounts(std::nullopt, 3); }));
    ASSERT_EQ(first.size(), 3U);
    EXPECT_EQ(first[0].id, ids[0]);
    const auto rest =
        MUST(read_and_wait(*store, [&](Reader& reader) { return reader.list_accounts(first.back().id, 3); }));
    ASSERT_EQ(rest.size(), 2U);
    EXPECT_EQ(rest[1].id, ids[4]);
}

TEST_P(Conformance, CountsAdministratorsWhoCanLogIn) {
    auto store = open();
    const auto add = [&](const std::string& email, auto change) {
        MUST(write_and_wait(*store, [&](Transaction& transaction) {
            auto account = some_account(email, now());
            account.admin = true;
            change(account);
            return transaction.insert_account(account);
        }));
    };
    add("active@example.com", [](core::Account&) {});
    add("disabled@example.com", [&](core::Account& account) { account.disabled_at = now(); });
    add("asleep@example.com", [](core::Account& account) { account.activated_at.reset(); });
    add("no-admin@example.com", [](core::Account& account) { account.admin = false; });
    add("demo@example.com", [](core::Account& account) { account.kind = core::AccountKind::demo; });
    add("verified-demo@example.com", [&](core::Account& account) {
        account.kind = core::AccountKind::demo;
        account.email_verified_at = now();
    });
    EXPECT_EQ(MUST(read_and_wait(*store, [](Reader& reader) { return reader.count_active_admins(); })), 2);
}

TEST_P(Conformance, KeepsASessionAndEndsItOnce) {
    auto store = open();
    const auto account = add_account(*store, "ann@example.com");
    const auto session = add_session(*store, account.id);
    const auto find = [&] {
        return *MUST(read_and_wait(*store, [&](Reader& reader) { return reader.find_session(session.id); }));
    };
    auto found = find();
    EXPECT_EQ(found.account_id, account.id);
    EXPECT_EQ(found.counter, 1);
    EXPECT_EQ(found.idle_time, session.idle_time);
    EXPECT_EQ(found.idle_deadline, session.idle_deadline);
    EXPECT_EQ(found.ends_at, session.ends_at);
    EXPECT_EQ(found.address, "192.0.2.7");
    EXPECT_EQ(found.user_agent, "curl/8");
    EXPECT_FALSE(found.ended_at.has_value());

    const auto end = [&] {
        return MUST(write_and_wait(*store, [&](Transaction& transaction) {
            return transaction.end_session(session.id, now(), RevocationReason::session_revoked);
        }));
    };
    EXPECT_TRUE(end());
    EXPECT_FALSE(end());
    found = find();
    EXPECT_EQ(found.ended_at, now());
    EXPECT_EQ(found.end_reason, core::word(RevocationReason::session_revoked));
    EXPECT_FALSE(MUST(write_and_wait(*store, [&](Transaction& transaction) {
        return transaction.advance_session(session.id, 1, now(), session.idle_deadline);
    })));
}

TEST_P(Conformance, ListsAndEndsTheSessionsOfOneAccount) {
    auto store = open();
    const auto ann = add_account(*store, "ann@example.com");
    const auto bob = add_account(*store, "bob@example.com");
    const auto first = add_session(*store, ann.id);
    clock_.advance(Milliseconds(1));
    const auto second = add_session(*store, ann.id);
    const auto other = add_session(*store, bob.id);
    MUST(write_and_wait(*store, [&](Transaction& transaction) {
        return transaction.end_session(first.id, now(), RevocationReason::session_limit);
    }));
    const auto list = [&](bool ended_too) {
        return MUST(read_and_wait(*store, [&](Reader& reader) { return reader.list_sessions(ann.id, ended_too, 10); }));
    };
    ASSERT_EQ(list(true).size(), 2U);
    EXPECT_EQ(list(true)[0].id, second.id);
    ASSERT_EQ(list(false).size(), 1U);
    EXPECT_EQ(list(false)[0].id, second.id);

    const auto ended = MUST(write_and_wait(*store, [&](Transaction& transaction) {
        return transaction.end_sessions_of(ann.id, now(), RevocationReason::password_changed);
    }));
    EXPECT_EQ(ended, std::vector{second.id});
    const auto bobs = MUST(read_and_wait(*store, [&](Reader& reader) { return reader.find_session(other.id); }));
    EXPECT_FALSE(bobs->ended_at.has_value());
}

TEST_P(Conformance, ASlotOutlivesItsAccount) {
    auto store = open();
    const auto account = add_account(*store, "ann@example.com");
    const auto session = add_session(*store, account.id);
    const auto ref = issue(*store, session);
    EXPECT_TRUE(MUST(write_and_wait(*store, [&](Transaction& transaction) -> Result<bool> {
        EXPECT_EQ(TRY(transaction.revoke_slots_of_session(session.id, now(), RevocationReason::account_deleted)), 1U);
        return transaction.delete_account(account.id);
    })));
    EXPECT_EQ(store->revocations().state(ref), SlotState::revoked);
    MUST(read_and_wait(*store, [&](Reader& reader) -> Result<void> {
        EXPECT_FALSE(TRY(reader.find_account(account.id)).has_value());
        EXPECT_FALSE(TRY(reader.find_session(session.id)).has_value());
        const auto slot = TRY(reader.find_slot(ref));
        EXPECT_EQ(slot.value().revoke_reason, core::word(RevocationReason::account_deleted));
        return {};
    }));
    EXPECT_FALSE(
        MUST(write_and_wait(*store, [&](Transaction& transaction) { return transaction.delete_account(account.id); })));
}

TEST_P(Conformance, FindsTheSlotOfACounter) {
    auto store = open();
    const auto account = add_account(*store, "ann@example.com");
    auto session = add_session(*store, account.id);
    const auto first = issue(*store, session);
    session.counter = 2;
    const auto second = issue(*store, session);
    EXPECT_FALSE(first == second);
    const auto found =
        MUST(read_and_wait(*store, [&](Reader& reader) { return reader.find_slot_of_counter(session.id, 2); }));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->ref, second);
    EXPECT_EQ(found->counter, 2);
    EXPECT_EQ(found->session_id, session.id);
    EXPECT_EQ(found->issued_at, now());
    EXPECT_EQ(found->expires_at, now() + options_.access_token_life);
    EXPECT_FALSE(found->revoked_at.has_value());
    const auto last_of = [&](const core::SessionId& id) {
        return MUST(read_and_wait(*store, [&](Reader& reader) { return reader.find_last_counter(id); }));
    };
    EXPECT_EQ(last_of(session.id), 2);
    EXPECT_EQ(last_of(core::SessionId::make(now())), 0);
}

TEST_P(Conformance, KeepsKeysSettingsAndAudit) {
    auto store = open();
    auto key = some_key("kid-1", now());
    MUST(write_and_wait(*store, [&](Transaction& transaction) -> Result<void> {
        TRY(transaction.insert_key(key));
        TRY(transaction.set_setting("name", std::string_view("a\0b", 3)));
        TRY(transaction.set_setting("name", ""));
        TRY(transaction.set_setting("other", std::string_view("\xff\0", 2)));
        auto record = some_audit(now());
        record.account_id = core::AccountId::make(now());
        TRY(transaction.insert_audit(record));
        return {};
    }));
    EXPECT_EQ(
        write_and_wait(*store, [&](Transaction& transaction) { return transaction.insert_key(key); }).error().kind,
        ErrorKind::conflict);
    key.state = core::KeyState::retired;
    key.sealed = {9};
    key.expires_at = now();
    EXPECT_TRUE(MUST(write_and_wait(*store, [&](Transaction& transaction) { return transaction.update_key(key); })));
    EXPECT_FALSE(MUST(write_and_wait(
        *store, [&](Transaction& transaction) { return transaction.update_key(some_key("kid-2", now())); })));
    MUST(read_and_wait(*store, [&](Reader& reader) -> Result<void> {
        const auto keys = TRY(reader.list_keys());
        EXPECT_EQ(keys.size(), 1U);
        EXPECT_EQ(keys.at(0).state, core::KeyState::retired);
        EXPECT_EQ(keys.at(0).sealed, std::vector<std::uint8_t>{9});
        EXPECT_EQ(keys.at(0).expires_at, now());
        EXPECT_EQ(TRY(reader.find_setting("name")), "");
        EXPECT_EQ(TRY(reader.find_setting("other")), std::string("\xff\0", 2));
        const auto audit = TRY(reader.list_audit(std::nullopt, 10));
        EXPECT_EQ(audit.size(), 1U);
        EXPECT_TRUE(audit.at(0).account_id.has_value());
        EXPECT_FALSE(audit.at(0).session_id.has_value());
        EXPECT_EQ(audit.at(0).event, "login");
        EXPECT_TRUE(TRY(reader.list_audit(audit.at(0).id, 10)).empty());
        return {};
    }));
}

TEST_P(Conformance, RefusesADatabaseOfANewerPostern) {
    open();
    auto connection = connect();
    MUST(connection->execute("INSERT INTO schema_migrations (version, applied_at, oldest_binary) VALUES (999, 0, 1)",
                             {}));
    open();  // a newer version that says this binary may still run
    MUST(connection->execute("UPDATE schema_migrations SET oldest_binary = 999 WHERE version = 999", {}));
    auto refused = try_open();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    EXPECT_EQ(refused.error().code, "newer_schema");
}

}  // namespace
}  // namespace postern::store
