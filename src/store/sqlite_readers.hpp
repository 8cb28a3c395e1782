// The threads that read from SQLite, each over a connection of its own, beside the writer.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "core/store.hpp"
#include "store/open_lists.hpp"
#include "store/sqlite_driver.hpp"
#include "store/work_queue.hpp"

namespace postern::store {

class SqliteReaders {
public:
    // One thread for each connection; they must be read_only.
    SqliteReaders(std::vector<std::unique_ptr<SqliteConnection>> connections, OpenLists& lists);
    ~SqliteReaders();
    SqliteReaders(const SqliteReaders&) = delete;
    SqliteReaders& operator=(const SqliteReaders&) = delete;

    void read(core::Store::ReadWork work, core::Store::Done done);
    // The same with the connection itself, in a read transaction.
    void read_rows(std::function<Result<void>(Connection&)> work, core::Store::Done done);
    // Finishes what is queued and ends the threads.
    void stop();

    [[nodiscard]] std::size_t queued() const { return queue_.size(); }

private:
    using Work = std::function<Result<void>(Connection&)>;
    void run(SqliteConnection& connection);

    const std::vector<std::unique_ptr<SqliteConnection>> connections_;
    OpenLists& lists_;
    WorkQueue<Work> queue_;
    std::vector<std::thread> threads_;
};

}  // namespace postern::store
