// Statements about what the throttle remembers: failed logins of an address, networks that an account came from.
#include "base/limits.hpp"
#include "store/columns.hpp"
#include "store/transaction.hpp"

namespace postern::store {
namespace {

core::LoginFailures failures_from(Row& row) {
    Columns columns(row);
    core::LoginFailures failures;
    failures.email_digest = columns.bytes();
    failures.count = columns.integer();
    failures.last_at = columns.time();
    return failures;
}

}  // namespace

Result<std::optional<core::LoginFailures>> SqlTransaction::find_login_failures(const Blob& email_digest) {
    auto outcome = TRY(connection_.execute(
        "SELECT email_digest, count, last_at FROM login_failures WHERE email_digest = $1", values(email_digest)));
    return first_record(outcome, failures_from);
}

Result<std::vector<core::LoginFailures>> SqlTransaction::list_login_failures(std::int64_t count, std::size_t limit) {
    auto outcome =
        TRY(connection_.execute("SELECT email_digest, count, last_at FROM login_failures WHERE count >= $1 "
                                "ORDER BY count DESC, email_digest LIMIT $2",
                                values(count, at_most(limit))));
    return records_from(outcome, failures_from);
}

Result<void> SqlTransaction::add_login_failures(const Blob& email_digest, std::int64_t count, Timestamp last_at) {
    TRY(
        connection_.execute("INSERT INTO login_failures (email_digest, count, last_at) VALUES ($1, $2, $3) "
                            "ON CONFLICT (email_digest) DO UPDATE SET count = login_failures.count + excluded.count, "
                            "last_at = CASE WHEN excluded.last_at > login_failures.last_at THEN excluded.last_at "
                            "ELSE login_failures.last_at END",
                            values(email_digest, count, last_at)));
    return {};
}

Result<bool> SqlTransaction::delete_login_failures(const Blob& email_digest) {
    auto outcome = TRY(connection_.execute("DELETE FROM login_failures WHERE email_digest = $1", values(email_digest)));
    return outcome.changed == 1;
}

Result<std::vector<std::string>> SqlTransaction::list_known_networks(const core::AccountId& id) {
    auto outcome =
        TRY(connection_.execute("SELECT network FROM known_networks WHERE account_id = $1 "
                                "ORDER BY last_at DESC, network DESC LIMIT $2",
                                values(id, at_most(limits::known_networks))));
    return records_from(outcome, [](Row& row) { return Columns(row).text(); });
}

Result<bool> SqlTransaction::is_known_network(std::string_view network) {
    auto outcome = TRY(connection_.execute("SELECT 1 FROM known_networks WHERE network = $1 LIMIT 1", values(network)));
    return !outcome.rows.empty();
}

Result<std::size_t> SqlTransaction::delete_known_networks(const core::AccountId& id) {
    auto outcome = TRY(connection_.execute("DELETE FROM known_networks WHERE account_id = $1", values(id)));
    return static_cast<std::size_t>(outcome.changed);
}

Result<void> SqlTransaction::note_known_network(const core::AccountId& id, std::string_view network, Timestamp now) {
    TRY(
        connection_.execute("INSERT INTO known_networks (account_id, network, last_at) VALUES ($1, $2, $3) "
                            "ON CONFLICT (account_id, network) DO UPDATE SET last_at = excluded.last_at",
                            values(id, network, now)));
    TRY(
        connection_.execute("DELETE FROM known_networks WHERE account_id = $1 AND network NOT IN "
                            "(SELECT network FROM known_networks WHERE account_id = $1 "
                            "ORDER BY last_at DESC, network DESC LIMIT $2)",
                            values(id, at_most(limits::known_networks))));
    return {};
}

}  // namespace postern::store
