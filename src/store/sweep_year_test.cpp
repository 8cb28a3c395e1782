// A year of steady traffic in a minute: day by day on a clock that is told to move, through the rules and the real
// stores, with the sweeps that a server runs. Every table of the schema, asked of the database itself, must have
// stopped growing by the end of the third month.
#include <iostream>
#include <map>
#include <set>

#include "core/audit_sealer.hpp"
#include "core/key_rotation.hpp"
#include "core/outbox.hpp"
#include "core/password_reset.hpp"
#include "core/revocation.hpp"
#include "core/sign_up.hpp"
#include "core/testing.hpp"
#include "core/testing_audit.hpp"
#include "core/testing_keys.hpp"
#include "core/throttle.hpp"
#include "store/columns.hpp"
#include "store/sweep.hpp"
#include "store/test_store.hpp"

namespace postern::store {
namespace {

using core::Reader;
using core::Transaction;
using std::chrono::hours;
using std::chrono::minutes;

constexpr auto day = hours(24);
constexpr int days = 365;
constexpr int first_look = 91;
constexpr int customers = 6;

// What may grow, and why. Nothing, so far.
const std::set<std::string> may_grow = {};

// Shorter than the defaults where those are longer than a quarter, so that each has come round by the first look.
core::TokenPolicy token_policy() {
    auto policy = core::testing::policy();
    policy.permanent_session_idle = day * 20;
    policy.permanent_session_life = day * 40;
    return policy;
}

class SweepYear : public StoreTest {
protected:
    template <typename Work>
    auto write(Work work) {
        return MUST(core::write_and_wait(*store_, work));
    }

    SweepYear() {
        options_.audit_retention = day * 60;
        store_ = open(false);
        connection_ = connect();
        if (std::string(GetParam()) == "sqlite") {
            // A year of commits on the disk of whoever runs this would take longer than the sweeps.
            MUST(connection_->execute_script("PRAGMA synchronous = OFF"));
        }
        write([&](Transaction& transaction) -> Result<void> {
            TRY(core::init_keys(transaction, vault_, core::KeyAlgorithm::es256, core::testing::actor(), now()));
            for (int i = 0; i < customers; ++i) {
                TRY(core::create_account(transaction,
                                         {.email = core::testing::email(customer(i)),
                                          .activated = true,
                                          .password_hash = "new:correct",
                                          .password_scheme = "new"},
                                         core::testing::actor(), now()));
            }
            return {};
        });
    }

    static std::string customer(int number) { return "customer-" + std::to_string(number) + "@example.com"; }

    Result<core::TokenPair> log_in(Transaction& transaction, int number, bool permanent) {
        auto attempt = TRY(core::begin_login(transaction, hasher_, customer(number)));
        attempt.network = "198.51." + std::to_string(today_ % 200) + ".0";
        return core::finish_login(transaction, attempt, {.matches = true, .new_hash = std::nullopt}, permanent,
                                  core::testing::actor(), token_policy(), "kid", now());
    }

    // People who never come back.
    Result<void> sign_ups(Transaction& transaction) {
        for (int i = 0; i < 4; ++i) {
            const auto address = "visitor-" + std::to_string(today_) + "-" + std::to_string(i) + "@example.com";
            TRY(core::sign_up(transaction, secrets_, {core::testing::email(address), {"new:mine", "new"}, {}},
                              account_policy_, core::testing::actor(), now()));
        }
        return {};
    }

    // Sessions that end, that are left, that are refreshed for as long as they live.
    Result<void> sessions(Transaction& transaction) {
        const auto actor = core::testing::actor();
        const auto left = TRY(log_in(transaction, today_ % customers, today_ % 5 == 0));
        TRY(core::refresh_session(transaction, left.refresh, actor, token_policy(), "kid", now()));
        const auto ended = TRY(log_in(transaction, (today_ + 1) % customers, false));
        TRY(core::revoke_access_token(transaction, ended.access, actor, now()));
        TRY(core::revoke_refresh(transaction, ended.refresh, actor, now()));
        if (today_ % 10 == 0) kept_.push_back(TRY(log_in(transaction, (today_ + 2) % customers, true)).refresh);
        std::vector<core::RefreshClaims> alive;
        for (const auto& claims : kept_) {
            auto outcome = TRY(core::refresh_session(transaction, claims, actor, token_policy(), "kid", now()));
            if (outcome.pair) alive.push_back(outcome.pair->refresh);
        }
        kept_ = std::move(alive);
        return {};
    }

    Result<void> mishaps(Transaction& transaction) {
        TRY(core::request_password_reset(transaction, secrets_, core::testing::email(customer(today_ % customers)),
                                         account_policy_, core::testing::actor(), now()));
        TRY(transaction.add_login_failures(core::email_digest("guess-" + std::to_string(today_)), 3, now()));
        if (today_ % 30 == 0) {
            const auto actor = core::testing::actor();
            auto account = TRY(core::get_account(transaction, customer(today_ / 30 % customers)));
            account = TRY(core::disable_account(transaction, account, actor, now()));
            TRY(core::enable_account(transaction, account, actor, now()));
        }
        return {};
    }

    // What the outbox holds leaves the house; every eighth is given up.
    Result<void> deliver(Transaction& transaction) {
        for (const auto kind : {core::OutboxKind::mail, core::OutboxKind::webhook}) {
            for (auto& entry : TRY(transaction.claim_outbox(kind, now(), now() + minutes(1), 1000))) {
                const bool sent = ++delivered_ % 8 != 0;
                entry.state = sent ? core::OutboxState::sent : core::OutboxState::failed;
                entry.finished_at = now();
                TRY(transaction.update_outbox(entry, entry.attempts));
            }
        }
        return {};
    }

    void live_a_day() {
        const core::RotationPolicy rotation{.rotate_after = day * 15,
                                            .publish_ahead = hours(2),
                                            .access_token_life = options_.access_token_life,
                                            .refresh_token_life = day * 40};
        write([&](Transaction& transaction) { return sign_ups(transaction); });
        clock_.advance(hours(8));
        write([&](Transaction& transaction) { return sessions(transaction); });
        write([&](Transaction& transaction) { return mishaps(transaction); });
        write([&](Transaction& transaction) {
            return core::rotate_due_keys(transaction, vault_, rotation, core::testing::actor(), now());
        });
        const core::WebhookSettings webhooks{.urls = {"https://hooks.example.com"}, .events = {}};
        MUST(core::testing::seal_all(*store_, signer_, now(), webhooks));
        clock_.advance(hours(1));
        write([&](Transaction& transaction) { return deliver(transaction); });
        clock_.advance(hours(15));
        write([&](Transaction& transaction) { return log_in(transaction, today_ % customers, false); });
        const Retention retention{options_.session_retention, options_.audit_retention, options_.unconfirmed_retention};
        while (MUST(sweep(*connection_, retention, now())) > 0) continue;
        ++today_;
    }

    std::vector<std::string> tables() {
        const bool sqlite = std::string(GetParam()) == "sqlite";
        auto found = MUST(connection_->execute(
            sqlite ? "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
                   : "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                     "WHERE c.relkind = 'r' AND n.nspname = current_schema() ORDER BY 1",
            {}));
        std::vector<std::string> names;
        for (auto& row : found.rows) names.push_back(Columns(row).text());
        return names;
    }
    std::map<std::string, std::int64_t> sizes() {
        std::map<std::string, std::int64_t> sizes;
        for (const auto& table : tables()) {
            // A connection remembers a statement by the place of its text.
            const auto& text = counts_.try_emplace(table, "SELECT COUNT(*) FROM " + table).first->second;
            auto counted = MUST(connection_->execute(text, {}));
            sizes[table] = Columns(counted.rows.at(0)).integer();
        }
        return sizes;
    }

    std::map<std::string, std::string> counts_;  // table, statement
    std::unique_ptr<core::Store> store_;
    std::unique_ptr<Connection> connection_;
    core::testing::LetterVault vault_{"a", ""};
    core::testing::PlainHasher hasher_;
    core::testing::PlainSecrets secrets_;
    core::testing::WordAuditSigner signer_;
    core::AccountPolicy account_policy_ = core::testing::account_policy();
    std::vector<core::RefreshClaims> kept_;
    int today_ = 0;
    int delivered_ = 0;
};

INSTANTIATE_TEST_SUITE_P(On, SweepYear, testing::Values("sqlite", "postgresql"), engine_name);

TEST_P(SweepYear, LeavesEveryTableAsLargeAsAfterAQuarter) {
    while (today_ < first_look) live_a_day();
    const auto quarter = sizes();
    while (today_ < days) live_a_day();
    const auto year = sizes();
    ASSERT_GE(year.size(), 15U) << "these are not the tables of the schema";
    for (const auto& [table, rows] : year) {
        const auto before = quarter.at(table);
        std::cout << table << ": " << before << " rows after " << first_look << " days, " << rows << " after " << days
                  << "\n";
        if (may_grow.contains(table)) continue;
        EXPECT_LE(static_cast<double>(rows), 1.1 * static_cast<double>(before))
            << table << " grows without bound: give it a sweep, or a reason in may_grow";
    }
    for (const auto* table :
         {"accounts", "sessions", "audit_records", "mail_tokens", "outbox", "login_failures", "token_slots"}) {
        EXPECT_GT(quarter.at(table), 0) << table << ": the traffic leaves it alone, so this proves nothing";
    }
}

}  // namespace
}  // namespace postern::store
