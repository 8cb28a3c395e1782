// What `postern doctor` and the metrics are told by whatever can be wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern::core {

enum class Severity { ok, warning, problem };

struct Finding {
    Severity severity = Severity::ok;
    std::string subject;  // "store", "clock", "keys", "disk", …
    std::string message;  // what is the case, with the value
    std::string advice;   // what to do; empty when all is well
};

struct TableSize {
    std::string table;
    std::int64_t rows = 0;
};

// 0 for a table that is not among them.
inline std::int64_t rows_of(const std::vector<TableSize>& tables, std::string_view table) {
    for (const TableSize& size : tables) {
        if (size.table == table) return size.rows;
    }
    return 0;
}

struct StoreFigures {
    std::int64_t queued = 0;   // pieces of work that wait
    std::int64_t commits = 0;  // since start
    std::int64_t writes = 0;   // pieces of work committed; writes / commits is the size of a batch
    std::int64_t failed_commits = 0;
    std::int64_t swept_rows = 0;
    std::int64_t lists = 0;  // revocation lists in memory
    std::int64_t bitmap_bytes = 0;
    double feed_age_seconds = 0;    // since the last completed poll
    std::vector<TableSize> tables;  // as of the last sweep
};

}  // namespace postern::core
