#include "store/postgres_driver.hpp"

#include <poll.h>

#include <algorithm>
#include <array>

#include "store/postgres_errors.hpp"

namespace postern::store {
namespace {

constexpr int oldest_server = 130'000;  // the first with pg_current_xact_id()
// "postern" in ASCII: one lock for each database, shared with no other program by accident.
constexpr auto migration_lock_sql = "SELECT pg_advisory_xact_lock(31647739056321134)";

std::string in_milliseconds(Milliseconds time) {
    return std::to_string(time.count());
}

// What an operator may tune in the URL stands before it, what we rely on after it: the last one counts.
PGconn* connect(const PostgresTarget& target) {
    const auto connect_time = std::to_string(std::chrono::ceil<Seconds>(target.connect_time).count());
    const auto network_time = in_milliseconds(limits::postgres_network_time);
    const std::array keywords = {"connect_timeout",
                                 "fallback_application_name",
                                 "keepalives_idle",
                                 "keepalives_interval",
                                 "keepalives_count",
                                 "tcp_user_timeout",
                                 "dbname",
                                 "client_encoding",
                                 "target_session_attrs",
                                 static_cast<const char*>(nullptr)};
    const std::array values = {connect_time.c_str(),
                               "postern",
                               "5",
                               "2",
                               "3",
                               network_time.c_str(),
                               target.url.c_str(),
                               "UTF8",
                               target.primary_only ? "read-write" : "any",
                               static_cast<const char*>(nullptr)};
    return PQconnectdbParams(keywords.data(), values.data(), 1);
}

}  // namespace

PostgresConnection::PostgresConnection(PGconn* connection, const PostgresTarget& target)
    : connection_(connection),
      place_(postgres_place(target.url)),
      answer_time_(target.statement_time + limits::postgres_grace_time) {
    PQsetNoticeReceiver(connection, take_notice, this);
}

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(const PostgresTarget& target) {
    TRY(check_postgres_url(target.url));
    std::unique_ptr<PostgresConnection> opened(new PostgresConnection(connect(target), target));
    auto* const connection = opened->connection_.get();
    if (PQstatus(connection) != CONNECTION_OK) {
        return unavailable("Cannot connect to PostgreSQL (" + opened->place_ +
                           "): " + first_line(PQerrorMessage(connection)) +
                           ". Check that it runs, that it is the primary, and that the store's URL is right.");
    }
    if (opened->server_version() < oldest_server) {
        return unavailable("PostgreSQL (" + opened->place_ + ") is of version " +
                           std::to_string(opened->server_version() / 10'000) + "; postern needs 13 or newer.");
    }
    PQsetnonblocking(connection, 1);
    TRY(opened->set_up(target));
    return opened;
}

Result<void> PostgresConnection::set_up(const PostgresTarget& target) {
    const std::string sql =
        "SET client_min_messages = warning; SET statement_timeout = " + in_milliseconds(target.statement_time) +
        "; SET lock_timeout = " + in_milliseconds(limits::postgres_lock_time) +
        "; SET idle_in_transaction_session_timeout = " + in_milliseconds(limits::postgres_idle_transaction_time) +
        // What we acknowledge is durable, however the server is set up for its other users.
        "; SELECT set_config('synchronous_commit', 'on', false)"
        " WHERE current_setting('synchronous_commit') IN ('off', 'local')";
    return execute_script(sql);
}

Result<Outcome> PostgresConnection::execute(std::string_view sql, std::span<const Value> parameters) {
    const PostgresParameters bound(parameters);
    const auto* const prepared = TRY(prepare(sql, bound));
    TRY(bound.check_against(prepared->types, sql));
    const auto answer = TRY(finish(PQsendQueryPrepared(connection_.get(), prepared->name.c_str(), bound.count(),
                                                       bound.values(), bound.lengths(), bound.formats(), 1)));
    return read_outcome(*answer);
}

Result<const PostgresConnection::Prepared*> PostgresConnection::prepare(std::string_view sql,
                                                                        const PostgresParameters& parameters) {
    const auto known = prepared_.find(sql.data());
    if (known != prepared_.end()) return &known->second;
    // A name of its own: if this attempt stops half way, the server has the statement and we do not know of it.
    Prepared prepared{"s" + std::to_string(++names_given_), {}};
    TRY(finish(PQsendPrepare(connection_.get(), prepared.name.c_str(), std::string(sql).c_str(), parameters.count(),
                             parameters.types())));
    const auto description = TRY(finish(PQsendDescribePrepared(connection_.get(), prepared.name.c_str())));
    for (int i = 0; i < PQnparams(description.get()); ++i) {
        prepared.types.push_back(PQparamtype(description.get(), i));
    }
    return &prepared_.emplace(sql.data(), std::move(prepared)).first->second;
}

Result<void> PostgresConnection::execute_script(const std::string& sql) {
    TRY(run(sql.c_str()));
    return {};
}

Result<void> PostgresConnection::begin_write() {
    change_number_.reset();
    TRY(run("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"));
    return {};
}

Result<void> PostgresConnection::begin_read() {
    change_number_.reset();
    TRY(run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
    return {};
}

Result<void> PostgresConnection::commit() {
    warning_.clear();
    auto committed = run("COMMIT");
    if (!committed.has_value()) {
        if (!lost_) return std::move(committed.error());
        return unavailable(committed.error().message + " It was committing: whether the change was made is not known.");
    }
    if (!warning_.empty()) {
        return unavailable("PostgreSQL (" + place_ + ") made the change, but not safely: " + warning_ +
                           ". A failover could lose it.");
    }
    if (std::string_view(PQcmdStatus(committed->get())) != "COMMIT") {
        return internal_error("PostgreSQL rolled back a transaction at its commit: a statement in it had failed.");
    }
    return {};
}

void PostgresConnection::rollback() noexcept {
    if (lost_ || PQtransactionStatus(connection_.get()) == PQTRANS_IDLE) return;
    // Should it fail, the transaction's state is not known: the connection is of no more use.
    if (!run("ROLLBACK").has_value()) lost_ = true;
}

Result<void> PostgresConnection::with_migration_lock(const std::function<Result<void>()>& body) {
    const auto usual_answer_time = answer_time_;
    answer_time_ = limits::postgres_migration_time + limits::postgres_grace_time;
    const auto in_transaction = [this, &body]() -> Result<void> {
        const std::string time = in_milliseconds(limits::postgres_migration_time);
        TRY(begin_write());
        TRY(execute_script("SET LOCAL statement_timeout = " + time + "; SET LOCAL lock_timeout = " + time));
        TRY(run(migration_lock_sql));
        TRY(body());
        return commit();
    };
    auto result = in_transaction();
    rollback();
    answer_time_ = usual_answer_time;
    return result;
}

Result<std::int64_t> PostgresConnection::change_number() {
    if (!change_number_) {
        auto outcome = TRY(execute("SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint)", {}));
        change_number_ = std::get<std::int64_t>(outcome.rows.at(0).at(0));
    }
    return *change_number_;
}

Result<std::int64_t> PostgresConnection::change_horizon() {
    auto outcome = TRY(execute("SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)", {}));
    return std::get<std::int64_t>(outcome.rows.at(0).at(0));
}

const TypeWords& PostgresConnection::type_words() const {
    // The collation makes order and uniqueness those of the bytes, as in SQLite, whatever the database's locale.
    static constexpr TypeWords words{"BIGINT", "TEXT COLLATE \"C\"", "BYTEA", ""};
    return words;
}

Result<bool> PostgresConnection::take_notifications() {
    if (lost_ || PQconsumeInput(connection_.get()) == 0) return lose(PQerrorMessage(connection_.get()));
    bool any = false;
    while (PGnotify* notification = PQnotifies(connection_.get())) {
        PQfreemem(notification);
        any = true;
    }
    if (lost_) return lose(warning_);
    return any;
}

Result<PostgresConnection::Answer> PostgresConnection::run(const char* sql) {
    return finish(PQsendQuery(connection_.get(), sql));
}

Result<PostgresConnection::Answer> PostgresConnection::finish(int sent) {
    if (lost_ || sent == 0) return lose(PQerrorMessage(connection_.get()));
    const auto deadline = std::chrono::steady_clock::now() + answer_time_;
    Answer kept;
    for (;;) {
        TRY(wait_for_answer(deadline));
        Answer answer(PQgetResult(connection_.get()));
        if (!answer) break;
        if (!kept || PQresultStatus(kept.get()) != PGRES_FATAL_ERROR) kept = std::move(answer);
    }
    if (!kept) return lose(PQerrorMessage(connection_.get()));
    if (PQresultStatus(kept.get()) == PGRES_FATAL_ERROR) return read_error(*kept);
    return kept;
}

Result<void> PostgresConnection::wait_for_answer(std::chrono::steady_clock::time_point deadline) {
    auto* const connection = connection_.get();
    for (;;) {
        const int unsent = PQflush(connection);
        if (unsent < 0) return lose(PQerrorMessage(connection));
        if (PQisBusy(connection) == 0) return {};
        const auto left = std::chrono::ceil<Milliseconds>(deadline - std::chrono::steady_clock::now()).count();
        if (left <= 0) return lose("it has not answered for " + in_milliseconds(answer_time_) + " ms");
        pollfd wanted{PQsocket(connection), static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN), 0};
        poll(&wanted, 1, static_cast<int>(left));
        if ((wanted.revents & ~POLLOUT) != 0 && PQconsumeInput(connection) == 0) {
            return lose(PQerrorMessage(connection));
        }
    }
}

Error PostgresConnection::read_error(const PGresult& answer) {
    const char* const state = PQresultErrorField(&answer, PG_DIAG_SQLSTATE);
    if (state == nullptr || PQstatus(connection_.get()) == CONNECTION_BAD || ends_connection(state)) {
        return lose(PQresultErrorMessage(&answer));
    }
    return postgres_error(state, PQresultErrorField(&answer, PG_DIAG_MESSAGE_PRIMARY), place_);
}

Error PostgresConnection::lose(const std::string& why) {
    lost_ = true;
    return unavailable("The connection to PostgreSQL (" + place_ + ") was lost: " + first_line(why) + ".");
}

void PostgresConnection::take_notice(void* self, const PGresult* notice) {
    const char* const severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char* const message = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
    if (severity == nullptr || message == nullptr) return;
    auto& connection = *static_cast<PostgresConnection*>(self);
    connection.warning_ = message;
    // An idle connection is told of a shutdown in this way.
    if (std::string_view(severity) != "WARNING") connection.lost_ = true;
}

}  // namespace postern::store
