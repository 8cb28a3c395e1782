#include "store/migrations.hpp"

#include "store/columns.hpp"
#include "store/test_store.hpp"
#include "store/transaction.hpp"

namespace postern::store {
namespace {

class Migrations : public StoreTest {};

INSTANTIATE_TEST_SUITE_P(On, Migrations, testing::Values("sqlite", "postgresql"), engine_name);

TEST_P(Migrations, BringANewDatabaseUpToDateOnce) {
    auto connection = connect();
    MUST(migrate(*connection));
    MUST(migrate(*connection));
    auto outcome = MUST(connection->execute("SELECT version FROM schema_migrations ORDER BY version", {}));
    ASSERT_EQ(outcome.rows.size(), static_cast<std::size_t>(schema_version()));
    EXPECT_EQ(Columns(outcome.rows.back()).integer(), schema_version());
}

TEST_P(Migrations, RunOnceHoweverManyBegin) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([this] {
            auto connection = connect();
            MUST(migrate(*connection));
        });
    }
    for (auto& thread : threads) thread.join();
    auto outcome = MUST(connect()->execute("SELECT version FROM schema_migrations", {}));
    EXPECT_EQ(outcome.rows.size(), static_cast<std::size_t>(schema_version()));
}

TEST_P(Migrations, LeaveTheDatabaseOfAnotherProgramAlone) {
    auto connection = connect();
    MUST(connection->execute_script("CREATE TABLE accounts (name TEXT)"));
    const auto refused = migrate(*connection);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, "foreign_database");
    EXPECT_FALSE(connection->execute("SELECT * FROM settings", {}).has_value()) << "half a schema was left behind";
}

TEST_P(Migrations, LeaveRulesThatTheTablesKeep) {
    auto connection = connect();
    MUST(migrate(*connection));
    const auto refuses = [&](std::string_view sql, std::vector<Value> parameters) {
        MUST(connection->begin_write());
        const auto outcome = connection->execute(sql, parameters);
        connection->rollback();
        return !outcome.has_value();
    };
    EXPECT_TRUE(refuses("INSERT INTO settings (name, value) VALUES ($1, $2)", {Null{}, Blob{1}})) << "NULL in a key";
    EXPECT_TRUE(refuses("INSERT INTO settings (name, value) VALUES ($1, $2) ", {std::string("a"), Null{}}));
    EXPECT_TRUE(refuses("INSERT INTO change_counter (id, value) VALUES ($1, $2)", {std::int64_t{2}, std::int64_t{0}}));
    EXPECT_TRUE(
        refuses("INSERT INTO token_lists (id, kid, opened_at, expires_at, slots, change) "
                "VALUES ($1, 'k', 0, 0, 0, 0)",
                {Blob(16)}))
        << "a list without slots";
}

TEST_P(Migrations, GiveTheAccountsOfVersionOneWhatTheyNeed) {
    auto connection = connect();
    MUST(migrate(*connection, 1));
    const auto insert_account = [&](const core::AccountId& id, const std::string& email, const std::string& hash) {
        MUST(
            connection->execute("INSERT INTO accounts (id, email_key, email, kind, admin, password_hash, "
                                "security_version, created_at, updated_at) "
                                "VALUES ($1, $2, $2, 'standard', 0, $3, 1, 0, 0)",
                                values(id, email, hash)));
    };
    const auto ann = core::AccountId::make(now());
    const auto bob = core::AccountId::make(now());
    const auto cat = core::AccountId::make(now());
    insert_account(ann, "ann@example.com",
                   "$argon2id$v=19$m=19456,t=2,p=1$QY1dT0yzpDvj0qr5l7Rx3A$1Xwq2jTnqtOUqJGpAvzTKEDMnWjFlSQjFiFG9T3DMXg");
    insert_account(
        bob, "bob@example.com",
        "$argon2id$v=19$m=131072,t=4,p=1$pOAcKtZyBLt8fxeRT0IoSQ$QJ5kc8PV1S9n2NBRfGeSzi1iyZsuLOXHfSPgYr9mJj4");
    insert_account(cat, "cat@example.com", "");
    MUST(
        connection->execute("INSERT INTO signing_keys (kid, purpose, algorithm, state, public_jwk, sealed, "
                            "master_key_id, created_at, expires_at, change) "
                            "VALUES ('kid-1', 'access', 'ES256', 'retired', '{}', $1, 'm1', 5, 7, 1)",
                            values(Blob{0, 255})));
    const auto record = core::AuditId::make(now());
    MUST(
        connection->execute("INSERT INTO audit_records (id, at, event, actor, account_id, address, outcome) "
                            "VALUES ($1, 3, 'login', 'system', $2, '192.0.2.7', 'success')",
                            values(record, ann)));
    MUST(connection->execute("INSERT INTO settings (name, value) VALUES ('name', $1)", values(Blob{1})));
    connection.reset();

    auto store = open(false);  // a server would sweep the key
    MUST(core::read_and_wait(*store, [&](core::Reader& reader) -> Result<void> {
        EXPECT_EQ(TRY(reader.find_account(ann)).value().password_scheme, "argon2id:m=19456,t=2,p=1");
        EXPECT_EQ(TRY(reader.find_account(bob)).value().password_scheme, "argon2id:m=131072,t=4,p=1");
        EXPECT_EQ(TRY(reader.find_account(cat)).value().password_scheme, "");
        EXPECT_TRUE(TRY(reader.find_account(ann)).value().roles.empty());
        const auto keys = TRY(reader.list_keys());
        EXPECT_EQ(keys.size(), 1U);
        EXPECT_EQ(keys.at(0).state, core::KeyState::retired);
        EXPECT_EQ(keys.at(0).sealed, (Blob{0, 255}));
        EXPECT_EQ(to_milliseconds(keys.at(0).expires_at.value()), 7);
        const auto audit = TRY(reader.list_unsealed_audit(std::nullopt, 10));
        EXPECT_EQ(audit.size(), 1U);
        EXPECT_EQ(audit.at(0).id, record);
        EXPECT_EQ(audit.at(0).address, "192.0.2.7");
        EXPECT_EQ(audit.at(0).count, 1);
        EXPECT_TRUE(audit.at(0).salt.empty());
        EXPECT_TRUE(audit.at(0).personal_digest.empty());
        EXPECT_EQ(TRY(reader.find_setting("name")), "\x01");
        return {};
    }));
    MUST(core::write_and_wait(*store, [&](core::Transaction& transaction) {
        auto key = some_key("kid-2", now());
        key.purpose = core::KeyPurpose::audit;
        return transaction.insert_key(key);
    }));
}

// A database that a server of version 2 has worked with: its keys, an account with roles, a token that was revoked.
TEST_P(Migrations, CarryTheDatabaseOfVersionTwoOver) {
    auto connection = connect();
    MUST(migrate(*connection, 2));
    const auto ann = core::AccountId::make(now());
    MUST(
        connection->execute("INSERT INTO accounts (id, email_key, email, kind, admin, password_hash, password_scheme, "
                            "display_name, locale, roles, security_version, created_at, updated_at, activated_at) "
                            "VALUES ($1, 'ann@example.com', 'Ann@example.com', 'standard', 1, 'hash', 'scheme', 'Ann', "
                            "'de', 'billing support', 7, 5, 6, 7)",
                            values(ann)));
    for (const auto* state : {"active", "retired", "revoked"}) {
        MUST(
            connection->execute("INSERT INTO signing_keys (kid, purpose, algorithm, state, public_jwk, sealed, "
                                "master_key_id, created_at, expires_at, revoked_at, change) "
                                "VALUES ($1, 'audit', 'EdDSA', $1, '{\"k\":1}', $2, 'm1', 5, $3, 8, 3)",
                                values(state, Blob{0, 255}, to_milliseconds(now()) + 1)));
    }
    ListInfo list{core::ListId::make(now()), "active", now() + std::chrono::minutes(30), 1000, false};
    MUST(insert_list(*connection, list, now()));
    MUST(connection->execute(
        "INSERT INTO token_slots (list_id, idx, session_id, counter, jti, issued_at, expires_at, "
        "revoked_at, revoke_reason, revoke_change) VALUES ($1, 5, $2, 1, $2, 1, 2, 1, 'logged_out', 1)",
        values(list.id, ann)));
    connection.reset();

    auto store = open(false);
    MUST(core::read_and_wait(*store, [&](core::Reader& reader) -> Result<void> {
        const auto account = TRY(reader.find_account(ann)).value();
        EXPECT_EQ(account.roles, (std::vector<std::string>{"billing", "support"}));
        EXPECT_EQ(account.security_version, 7);
        EXPECT_EQ(account.locale, "de");
        EXPECT_EQ(to_milliseconds(account.activated_at.value()), 7);
        EXPECT_TRUE(account.scopes.empty());
        EXPECT_EQ(account.custom_claims, "");
        const auto keys = TRY(reader.list_keys());
        EXPECT_EQ(keys.size(), 3U);
        for (const auto& key : keys) {
            EXPECT_EQ(core::word(key.state), key.kid);
            EXPECT_EQ(key.purpose, core::KeyPurpose::audit);
            EXPECT_EQ(key.algorithm, core::KeyAlgorithm::eddsa);
            EXPECT_EQ(key.public_jwk, "{\"k\":1}");
            EXPECT_EQ(key.sealed, (Blob{0, 255}));
            EXPECT_EQ(to_milliseconds(key.expires_at.value()), to_milliseconds(now()) + 1);
            EXPECT_EQ(to_milliseconds(key.revoked_at.value()), 8);
        }
        EXPECT_TRUE(TRY(reader.list_clients(std::nullopt, 10)).empty());
        return {};
    }));
    EXPECT_EQ(store->revocations().state({list.id, 5}), core::SlotState::revoked);
    EXPECT_EQ(store->revocations().state({list.id, 6}), core::SlotState::live);
    MUST(core::write_and_wait(*store, [&](core::Transaction& transaction) {
        auto key = some_key("kid-2", now());
        key.state = core::KeyState::next;
        return transaction.insert_key(key);
    }));
}

// A key that waits is nothing that a binary of version 2 can read: it must not start on such a database.
TEST_P(Migrations, KeepBinariesAwayThatCannotReadWaitingKeys) {
    auto connection = connect();
    MUST(migrate(*connection));
    auto outcome = MUST(connection->execute("SELECT MAX(oldest_binary) FROM schema_migrations", {}));
    EXPECT_EQ(Columns(outcome.rows.at(0)).integer(), 3);
}

}  // namespace
}  // namespace postern::store
