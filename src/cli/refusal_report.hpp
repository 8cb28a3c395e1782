// The lines that an import refused, each with its reason, one JSON object a line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace postern::cli {

struct Refusal {
    std::uint64_t record = 0;  // of the file, from 1
    std::uint64_t place = 0;   // the line it begins on, or again the record
    std::string email;         // as far as it could be read
    Error reason;
};
// {"record": 7, "line": 8, "email": "…", "code": "…", "error": "…"}
std::string report_line(const Refusal& refusal, std::string_view place_word);

// A file of them that is never ahead of the import, nor behind: a batch's lines are written before the batch is
// committed, and cut off again when it is not. Holds addresses, so only its owner may read it.
class RefusalReport {
public:
    RefusalReport() = default;  // writes nowhere
    // Takes up a file that an interrupted import left: what it holds past record `records` is cut off. A new one where
    // `records` is nothing. Errors: conflict "file_exists"; invalid_input "file_unwritable".
    static Result<RefusalReport> open(const std::string& path, bool resumed, std::uint64_t records);
    RefusalReport(RefusalReport&& other) noexcept;
    RefusalReport& operator=(RefusalReport&& other) noexcept;
    RefusalReport(const RefusalReport&) = delete;
    RefusalReport& operator=(const RefusalReport&) = delete;
    ~RefusalReport();

    [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
    // Puts `lines` behind what is kept, in place of whatever was put there since. Errors: unavailable.
    Result<void> put(const std::string& lines);
    // Keeps it.
    void keep() {
        kept_ += put_;
        put_ = 0;
    }

private:
    std::string path_;
    int descriptor_ = -1;
    std::uint64_t kept_ = 0;  // bytes
    std::uint64_t put_ = 0;
};

}  // namespace postern::cli
