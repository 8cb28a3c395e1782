#include "store/sweep.hpp"

#include "store/migrations.hpp"
#include "store/test_store.hpp"
#include "store/transaction.hpp"

namespace postern::store {
namespace {

using core::read_and_wait;
using core::Reader;
using core::Transaction;
using core::write_and_wait;
using std::chrono::hours;
using std::chrono::minutes;

class Sweep : public StoreTest {
protected:
    Sweep() : connection_(connect()) { MUST(migrate(*connection_)); }

    [[nodiscard]] Retention retention() const {
        return {options_.session_retention, options_.audit_retention, options_.unconfirmed_retention};
    }
    std::size_t sweep_all() {
        std::size_t swept = 0;
        for (std::size_t some = 1; some > 0; swept += some) {
            some = MUST(sweep(*connection_, retention(), now()));
            EXPECT_LE(some, limits::sweep_rows);
        }
        return swept;
    }
    std::int64_t rows(const std::string& table) {
        for (const auto& size : MUST(count_rows(*connection_))) {
            if (size.table == table) return size.rows;
        }
        return -1;
    }
    // In one transaction over the bare connection.
    template <typename Body>
    void write(Body body) {
        MUST(connection_->begin_write());
        OpenLists lists(options_.access_token_life);
        Pending pending;
        SqlTransaction transaction(*connection_, lists, pending);
        MUST(body(transaction));
        MUST(connection_->commit());
    }

    std::unique_ptr<Connection> connection_;
};

INSTANTIATE_TEST_SUITE_P(On, Sweep, testing::Values("sqlite", "postgresql"), engine_name);

TEST_P(Sweep, DropsAListWholeOnceNoTokenOfItCanLive) {
    const auto expires_at = now() + minutes(30);
    const std::uint32_t slots = limits::sweep_rows * 2 + 10;
    const ListInfo list{core::ListId::make(now()), "key-1", expires_at, slots, false};
    const ListInfo later{core::ListId::make(now()), "key-1", expires_at + minutes(15), slots, false};
    write([&](Transaction& transaction) -> Result<void> {
        for (auto each : {list, later}) {
            TRY(insert_list(*connection_, each, now()));
            for (std::uint32_t i = 0; i < slots; ++i) {
                core::Slot slot;
                slot.ref = {each.id, i};
                slot.expires_at = now();  // the list's expiry decides, not the slot's
                TRY(transaction.insert_slot(slot));
            }
        }
        return {};
    });
    clock_.advance(minutes(30) + limits::clock_leeway);
    EXPECT_EQ(sweep_all(), 0U);
    clock_.advance(Milliseconds(1));
    EXPECT_EQ(sweep_all(), slots + 1U);
    EXPECT_EQ(rows("token_lists"), 1);
    EXPECT_EQ(rows("token_slots"), slots);
}

TEST_P(Sweep, ForgetsSessionsAfterTheirRetention) {
    const auto account = some_account("ann@example.com", now());
    const auto add = [&](Transaction& transaction, std::optional<Timestamp> ended, Timestamp idle_deadline) {
        auto session = some_session(account.id, now());
        session.ended_at = ended;
        session.idle_deadline = idle_deadline;
        return transaction.insert_session(session);
    };
    write([&](Transaction& transaction) -> Result<void> {
        TRY(transaction.insert_account(account));
        TRY(add(transaction, now() - hours(24 * 31), now() + hours(1)));        // ended long ago
        TRY(add(transaction, std::nullopt, now() - hours(24 * 31)));            // expired long ago
        TRY(add(transaction, now() - hours(24 * 29), now() - hours(24 * 29)));  // of interest still
        TRY(add(transaction, std::nullopt, now() - hours(24 * 29)));            // likewise
        TRY(add(transaction, std::nullopt, now() + hours(24 * 90)));            // lives
        return {};
    });
    EXPECT_EQ(sweep_all(), 2U);
    EXPECT_EQ(rows("sessions"), 3);
    EXPECT_EQ(rows("accounts"), 1);
}

TEST_P(Sweep, ShortensTheAuditChainUpToAnOldCheckpoint) {
    constexpr std::int64_t records = 10;
    write([&](Transaction& transaction) -> Result<void> {
        for (std::int64_t i = 1; i <= records; ++i) {
            const auto record = some_audit(now() - hours(24 * 500));
            TRY(transaction.insert_audit(record));
            TRY(transaction.seal_audit(record.id, i, {1}));
        }
        TRY(transaction.insert_audit(some_audit(now() - hours(24 * 600))));  // in no chain yet
        // By its age the third could go, and what follows it as well; but its checkpoint is of late.
        TRY(transaction.insert_audit_checkpoint({3, {1}, now() - hours(24 * 450), "kid", {2}}));
        TRY(transaction.insert_audit_checkpoint({6, {1}, now() - hours(24 * 401), "kid", {2}}));
        TRY(transaction.insert_audit_checkpoint({9, {1}, now() - hours(24 * 399), "kid", {2}}));
        return {};
    });
    EXPECT_EQ(sweep_all(), 6U);
    EXPECT_EQ(rows("audit_records"), 5);
    EXPECT_EQ(rows("audit_checkpoints"), 2);
    write([&](Transaction& transaction) -> Result<void> {
        EXPECT_EQ(TRY(transaction.list_sealed_audit(0, 1)).at(0).sequence, 7);
        EXPECT_EQ(TRY(transaction.list_audit_checkpoints(0, 1)).at(0).sequence, 6);
        return {};
    });
    clock_.advance(hours(24 * 1000));
    EXPECT_EQ(sweep_all(), 3U) << "no checkpoint covers the last one";
    EXPECT_EQ(rows("audit_records"), 2);
    EXPECT_EQ(rows("audit_checkpoints"), 1);
}

// However often a sweep is broken off, what is left of the chain begins right after a checkpoint.
TEST_P(Sweep, LeavesNoChainWithoutABeginning) {
    constexpr auto most = static_cast<std::int64_t>(limits::sweep_rows);
    // Stretches that end together, apart, and one that is longer than a sweep.
    const std::vector<std::int64_t> checkpoints{10, most / 2, most, most + 5, 3 * most, 3 * most + 10};
    write([&](Transaction& transaction) -> Result<void> {
        for (std::int64_t i = 1; i <= checkpoints.back(); ++i) {
            auto record = some_audit(now() - hours(24 * 500));
            record.sequence = i;
            TRY(transaction.insert_audit(record));
        }
        for (const auto sequence : checkpoints) {
            TRY(transaction.insert_audit_checkpoint({sequence, {1}, now() - hours(24 * 450), "kid", {2}}));
        }
        core::MailToken expired;
        expired.expires_at = now() - hours(1);
        return transaction.insert_mail_token(expired);
    });
    std::vector<std::int64_t> ends;
    while (MUST(sweep(*connection_, retention(), now())) > 0) {
        write([&](Transaction& transaction) -> Result<void> {
            ends.push_back(TRY(transaction.list_audit_checkpoints(0, 1)).at(0).sequence);
            const auto left = TRY(transaction.list_sealed_audit(0, 1));
            if (!left.empty()) {
                EXPECT_EQ(left.at(0).sequence, ends.back() + 1);
            }
            return {};
        });
    }
    EXPECT_EQ(ends, (std::vector<std::int64_t>{most, most + 5, 3 * most, 3 * most + 10}));
    EXPECT_EQ(rows("audit_records"), 0);
    EXPECT_EQ(rows("audit_checkpoints"), 1) << "the next record is chained to it";
    EXPECT_EQ(rows("mail_tokens"), 0);
}

TEST_P(Sweep, ForgetsLinksMailsAndFailedLoginsInTime) {
    write([&](Transaction& transaction) -> Result<void> {
        for (const auto expires_at : {now() - Milliseconds(1), now(), now() + hours(1)}) {
            core::MailToken token;
            token.id = core::MailTokenId::make(now());
            token.expires_at = expires_at;
            TRY(transaction.insert_mail_token(token));
        }
        for (const std::optional<Timestamp> finished_at :
             {std::optional(now() - limits::outbox_retention - Milliseconds(1)),
              std::optional(now() - limits::outbox_retention), std::optional<Timestamp>()}) {
            core::OutboxEntry entry;
            entry.id = core::OutboxId::make(now());
            entry.created_at = now() - hours(24 * 100);
            entry.due_at = entry.created_at;
            entry.finished_at = finished_at;
            if (finished_at) entry.state = core::OutboxState::sent;
            TRY(transaction.insert_outbox(entry));
        }
        TRY(transaction.add_login_failures({1}, 1, now() - limits::login_failures_retention - Milliseconds(1)));
        TRY(transaction.add_login_failures({2}, 1, now() - limits::login_failures_retention));
        TRY(transaction.take_lease("seal", "node", now() - hours(24 * 100), now() - hours(24 * 100)));
        return transaction.note_known_network(core::AccountId::make(now()), "192.0.2.0", now() - hours(24 * 1000));
    });
    EXPECT_EQ(sweep_all(), 3U);
    EXPECT_EQ(rows("mail_tokens"), 2);
    EXPECT_EQ(rows("outbox"), 2);
    EXPECT_EQ(rows("login_failures"), 1);
    EXPECT_EQ(rows("known_networks"), 1);
    EXPECT_EQ(rows("leases"), 1);
}

TEST_P(Sweep, ForgetsKeysThatNothingNeeds) {
    write([&](Transaction& transaction) -> Result<void> {
        auto key = some_key("active", now());
        key.expires_at = now() - hours(1);
        TRY(transaction.insert_key(key));
        key.state = core::KeyState::retired;
        key.kid = "retired, done";
        TRY(transaction.insert_key(key));
        key.kid = "retired, needed";
        key.expires_at = now() + hours(1);
        TRY(transaction.insert_key(key));
        key.kid = "retired, for ever";
        key.expires_at.reset();
        TRY(transaction.insert_key(key));
        return {};
    });
    EXPECT_EQ(sweep_all(), 1U);
    EXPECT_EQ(rows("signing_keys"), 3);
}

TEST_P(Sweep, ForgetsSignUpsThatNobodyConfirmed) {
    const auto old = now() - options_.unconfirmed_retention - Milliseconds(1);
    write([&](Transaction& transaction) -> Result<void> {
        const auto add = [&](const std::string& email, auto change) -> Result<core::AccountId> {
            auto account = some_account(email, old);
            account.kind = core::AccountKind::demo;
            account.activated_at.reset();
            change(account);
            TRY(transaction.insert_account(account));
            return account.id;
        };
        const auto as_it_is = [](core::Account&) {};
        TRY(add("forgotten@example.com", as_it_is));
        TRY(add("young@example.com", [&](core::Account& account) { account.updated_at = old + Milliseconds(1); }));
        TRY(add("confirmed@example.com", [&](core::Account& account) { account.email_verified_at = old; }));
        TRY(add("invited@example.com", [](core::Account& account) { account.kind = core::AccountKind::standard; }));
        TRY(add("disabled@example.com", [&](core::Account& account) { account.disabled_at = old; }));
        TRY(add("trusted@example.com", [](core::Account& account) { account.scopes = {"reports:read"}; }));
        core::MailToken token;
        token.id = core::MailTokenId::make(now());
        token.account_id = TRY(add("resent@example.com", as_it_is));
        token.expires_at = now() + hours(1);
        return transaction.insert_mail_token(token);
    });
    EXPECT_EQ(sweep_all(), 1U);
    EXPECT_EQ(rows("accounts"), 6);
    write([&](Transaction& transaction) -> Result<void> {
        EXPECT_FALSE(TRY(transaction.find_account_by_email("forgotten@example.com")).has_value());
        EXPECT_EQ(TRY(transaction.list_unsealed_audit(std::nullopt, 10)).at(0).outcome, "unconfirmed");
        return {};
    });
}

TEST_P(Sweep, AServerSweepsByItself) {
    write([&](Transaction& transaction) { return transaction.add_login_failures({1}, 1, now() - hours(24 * 500)); });
    write([&](Transaction& transaction) { return transaction.set_setting("stays", "here"); });
    {
        auto command = open(false);
        EXPECT_EQ(rows("login_failures"), 1);
    }
    auto server = open();
    EXPECT_TRUE(soon([&] { return server->figures().swept_rows == 1; }));
    EXPECT_EQ(rows("login_failures"), 0);
    EXPECT_EQ(rows("settings"), 1);
}

}  // namespace
}  // namespace postern::store
