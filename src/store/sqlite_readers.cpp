#include "store/sqlite_readers.hpp"

#include "store/transaction.hpp"

namespace postern::store {

SqliteReaders::SqliteReaders(std::vector<std::unique_ptr<SqliteConnection>> connections, OpenLists& lists)
    : connections_(std::move(connections)), lists_(lists) {
    for (const auto& connection : connections_) {
        threads_.emplace_back([this, &connection] { run(*connection); });
    }
}

SqliteReaders::~SqliteReaders() {
    stop();
}

void SqliteReaders::stop() {
    queue_.stop();
    for (auto& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

void SqliteReaders::read(core::Store::ReadWork work, core::Store::Done done) {
    read_rows(
        [this, work = std::move(work)](Connection& connection) {
            Pending nothing;
            SqlTransaction reader(connection, lists_, nothing);
            return work(reader);
        },
        std::move(done));
}

void SqliteReaders::read_rows(Work work, core::Store::Done done) {
    queue_.push(std::move(work), std::move(done));
}

void SqliteReaders::run(SqliteConnection& connection) {
    while (!queue_.finished()) {
        for (auto& job : queue_.take(1)) {
            if (job.give_up_at < std::chrono::steady_clock::now()) {
                finish(job.done, waited_too_long());
                continue;
            }
            auto outcome = connection.begin_read();
            if (outcome.has_value()) outcome = run_guarded(job.work, static_cast<Connection&>(connection));
            connection.rollback();
            finish(job.done, std::move(outcome));
        }
    }
}

}  // namespace postern::store
