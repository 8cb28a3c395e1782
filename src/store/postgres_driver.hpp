// The PostgreSQL driver: one connection, over libpq.
//
// Nothing here waits for ever. The server gets time limits of its own; should it not answer at all (a machine that has
// stopped, a process that is being debugged), the connection counts as lost a second after they have passed.
// A password never gets into a message: they name host and database, and quote no URL.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "store/driver.hpp"
#include "store/postgres_values.hpp"

namespace postern::store {

struct PostgresTarget {
    std::string url;
    Milliseconds statement_time = limits::postgres_statement_time;
    Milliseconds connect_time = limits::postgres_connect_time;  // libpq counts it in whole seconds, two at least
    // Security state is read from the primary only; what asks how a standby is doing says false.
    bool primary_only = true;
};

class PostgresConnection final : public Connection {
public:
    // Errors: invalid_input "invalid_store_url"; unavailable.
    static Result<std::unique_ptr<PostgresConnection>> open(const PostgresTarget& target);
    ~PostgresConnection() override = default;
    PostgresConnection(const PostgresConnection&) = delete;
    PostgresConnection& operator=(const PostgresConnection&) = delete;

    Result<Outcome> execute(std::string_view sql, std::span<const Value> parameters) override;
    Result<void> execute_script(const std::string& sql) override;
    Result<void> begin_write() override;
    Result<void> begin_read() override;
    // A warning at this point is no success: it says that the standbys were not waited for.
    Result<void> commit() override;
    void rollback() noexcept override;
    Result<void> with_migration_lock(const std::function<Result<void>()>& body) override;
    Result<std::int64_t> change_number() override;
    Result<std::int64_t> change_horizon() override;
    [[nodiscard]] const TypeWords& type_words() const override;
    [[nodiscard]] std::string_view engine() const override { return "postgresql"; }

    // Nothing more will come of this connection; another must be opened.
    [[nodiscard]] bool is_lost() const { return lost_; }
    // "host db.example, database postern"
    [[nodiscard]] const std::string& place() const { return place_; }
    [[nodiscard]] int server_version() const { return PQserverVersion(connection_.get()); }

    // After LISTEN: readable when something has arrived.
    [[nodiscard]] int socket() const { return PQsocket(connection_.get()); }
    // Takes what has arrived, without waiting. Says whether there was a notification.
    Result<bool> take_notifications();

private:
    struct Closer {
        void operator()(PGconn* connection) const { PQfinish(connection); }
        void operator()(PGresult* result) const { PQclear(result); }
    };
    using Answer = std::unique_ptr<PGresult, Closer>;
    struct Prepared {
        std::string name;
        std::vector<Oid> types;
    };

    PostgresConnection(PGconn* connection, const PostgresTarget& target);
    Result<void> set_up(const PostgresTarget& target);
    // What was sent is answered: the last answer, or the first that is an error.
    Result<Answer> finish(int sent);
    Result<Answer> run(const char* sql);
    Result<void> wait_for_answer(std::chrono::steady_clock::time_point deadline);
    Result<const Prepared*> prepare(std::string_view sql, const PostgresParameters& parameters);
    Error read_error(const PGresult& answer);
    Error lose(const std::string& why);
    static void take_notice(void* self, const PGresult* notice);

    std::unique_ptr<PGconn, Closer> connection_;
    std::string place_;
    Milliseconds answer_time_;
    bool lost_ = false;
    std::string warning_;                                 // the last thing that the server said unasked
    std::unordered_map<const char*, Prepared> prepared_;  // by the address of their text
    std::size_t names_given_ = 0;
    std::optional<std::int64_t> change_number_;  // of this transaction
};

}  // namespace postern::store
