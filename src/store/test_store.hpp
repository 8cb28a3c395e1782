// A store of one test, on either engine: a fresh database each, and records to put into it. Only tests include this.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "base/clock.hpp"
#include "core/store.hpp"
#include "store/postgres_driver.hpp"
#include "store/sqlite_driver.hpp"
#include "store/store.hpp"
#include "store/test_postgres.hpp"

namespace postern::store {

// Fails the test when `expression` is an error; otherwise its value.
#define MUST(expression)                                                                                          \
    ({                                                                                                            \
        auto must_result_ = (expression);                                                                         \
        if (!must_result_.has_value()) throw std::runtime_error(#expression ": " + must_result_.error().message); \
        std::move(must_result_).take();                                                                           \
    })

class TestFolder {
public:
    TestFolder() {
        std::array<char, 32> name = {"/tmp/postern-store-XXXXXX"};
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
        path_ = name.data();
    }
    ~TestFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;
    [[nodiscard]] std::string file() const { return path_ + "/postern.db"; }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

constexpr auto patience = std::chrono::seconds(10);

// Whether `condition` comes true before patience ends.
template <typename Condition>
bool soon(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

inline core::Account some_account(const std::string& email, Timestamp now) {
    core::Account account;
    account.id = core::AccountId::make(now);
    account.email_key = email;
    account.email = email;
    account.password_hash = "$argon2id$…";
    account.created_at = now;
    account.updated_at = now;
    account.activated_at = now;
    return account;
}

inline core::Session some_session(const core::AccountId& account, Timestamp now) {
    core::Session session;
    session.id = core::SessionId::make(now);
    session.account_id = account;
    session.client_id = "first-party";
    session.created_at = now;
    session.last_used_at = now;
    session.idle_time = std::chrono::hours(24);
    session.idle_deadline = now + session.idle_time;
    session.ends_at = now + std::chrono::hours(24 * 7);
    session.address = "192.0.2.7";
    session.user_agent = "curl/8";
    return session;
}

inline core::StoredKey some_key(const std::string& kid, Timestamp now) {
    core::StoredKey key;
    key.kid = kid;
    key.public_jwk = "{}";
    key.sealed = {0, 1, 2, 255};
    key.master_key_id = "m1";
    key.created_at = now;
    return key;
}

inline core::AuditRecord some_audit(Timestamp now) {
    core::AuditRecord record;
    record.id = core::AuditId::make(now);
    record.at = now;
    record.event = "login";
    record.actor = "cli:root";
    record.outcome = "success";
    return record;
}

// For INSTANTIATE_TEST_SUITE_P.
inline std::string engine_name(const testing::TestParamInfo<const char*>& engine) {
    return engine.param;
}

// The parameter: "sqlite" or "postgresql".
class StoreTest : public testing::TestWithParam<const char*> {
protected:
    StoreTest() {
        options_.url = std::string(GetParam()) == "sqlite" ? "sqlite:" + folder_.file()
                                                           : TestPostgres::instance().create_database();
        options_.access_token_life = std::chrono::minutes(15);
        options_.freshness_bound = std::chrono::seconds(2);
        options_.session_retention = std::chrono::hours(24 * 30);
        options_.audit_retention = std::chrono::hours(24 * 400);
        options_.unconfirmed_retention = std::chrono::hours(24 * 30);
    }

    [[nodiscard]] Result<std::unique_ptr<core::Store>> try_open(bool serving = true) {
        StoreOptions options = options_;
        options.serving = serving;
        return open_store(options, clock_);
    }
    std::unique_ptr<core::Store> open(bool serving = true) { return MUST(try_open(serving)); }

    // A bare connection beside the store.
    std::unique_ptr<Connection> connect() {
        if (std::string(GetParam()) == "sqlite") {
            return MUST(SqliteConnection::open(folder_.file(), SqliteAccess::read_write, limits::sqlite_busy_time));
        }
        return MUST(PostgresConnection::open({options_.url}));
    }

    [[nodiscard]] Timestamp now() const { return clock_.now(); }

    core::Account add_account(core::Store& store, const std::string& email) {
        return MUST(core::write_and_wait(store, [&](core::Transaction& transaction) -> Result<core::Account> {
            auto account = some_account(email, now());
            TRY(transaction.insert_account(account));
            return account;
        }));
    }

    core::Session add_session(core::Store& store, const core::AccountId& account) {
        return MUST(core::write_and_wait(store, [&](core::Transaction& transaction) -> Result<core::Session> {
            auto session = some_session(account, now());
            TRY(transaction.insert_session(session));
            return session;
        }));
    }

    // A token's slot within a transaction.
    Result<core::SlotRef> issue_in(core::Transaction& transaction, const core::Session& session,
                                   const std::string& kid = "key-1") const {
        core::Slot slot;
        slot.ref = TRY(transaction.reserve_slot(kid, now()));
        slot.session_id = session.id;
        slot.counter = session.counter;
        slot.token_id = core::TokenId::make(now());
        slot.issued_at = now();
        slot.expires_at = now() + options_.access_token_life;
        TRY(transaction.insert_slot(slot));
        return slot.ref;
    }
    core::SlotRef issue(core::Store& store, const core::Session& session, const std::string& kid = "key-1") {
        return MUST(core::write_and_wait(
            store, [&](core::Transaction& transaction) { return issue_in(transaction, session, kid); }));
    }
    bool revoke(core::Store& store, const core::SlotRef& ref) {
        return MUST(core::write_and_wait(store, [&](core::Transaction& transaction) {
            return transaction.revoke_slot(ref, now(), core::RevocationReason::token_revoked);
        }));
    }
    static Result<void> catch_up(core::Store& store) {
        std::promise<Result<void>> caught_up;
        store.catch_up([&caught_up](Result<void> result) { caught_up.set_value(std::move(result)); });
        return caught_up.get_future().get();
    }

    TestFolder folder_;
    FakeClock clock_;
    StoreOptions options_;
};

}  // namespace postern::store
