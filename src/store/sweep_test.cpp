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

    std::size_t sweep_all() {
        std::size_t swept = 0;
        for (std::size_t some = 1; some > 0; swept += some) {
            some = MUST(sweep(*connection_, {options_.session_retention, options_.audit_retention}, now()));
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
        for (const auto& each : {list, later}) {
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

TEST_P(Sweep, ForgetsAuditRecordsAfterTheirRetention) {
    write([&](Transaction& transaction) -> Result<void> {
        for (const int days : {500, 401, 399, 0}) TRY(transaction.insert_audit(some_audit(now() - hours(24 * days))));
        return {};
    });
    EXPECT_EQ(sweep_all(), 2U);
    EXPECT_EQ(rows("audit_records"), 2);
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

TEST_P(Sweep, AServerSweepsByItself) {
    write([&](Transaction& transaction) { return transaction.insert_audit(some_audit(now() - hours(24 * 500))); });
    write([&](Transaction& transaction) { return transaction.set_setting("stays", "here"); });
    {
        auto command = open(false);
        EXPECT_EQ(rows("audit_records"), 1);
    }
    auto server = open();
    EXPECT_TRUE(soon([&] { return server->figures().swept_rows == 1; }));
    EXPECT_EQ(rows("audit_records"), 0);
    EXPECT_EQ(rows("settings"), 1);
}

}  // namespace
}  // namespace postern::store
