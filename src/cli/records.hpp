// The records of a file, one after the other: lines of CSV, lines of JSON, or elements of a JSON array. In constant
// memory, whatever the file's size.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/input_file.hpp"

namespace postern::cli {

struct Record {
    std::uint64_t place = 0;          // the line it begins on; of an array, the element: both from 1
    std::vector<std::string> values;  // CSV: by column. JSON: its text alone
    // Instead of the values, why there are none: invalid_input "line_too_long", "invalid_encoding", "nul_byte",
    // "wrong_columns", "invalid_quotes".
    std::optional<Error> refusal;
};

// Used by one thread.
class RecordReader {
public:
    virtual ~RecordReader() = default;
    // The next record into `record`; false at the end. Errors, which end the reading: invalid_input "invalid_file",
    // with the place and what is wrong there; unavailable.
    virtual Result<bool> next(Record& record) = 0;
};

// Strict RFC 4180: commas, double quotes, lines that end in LF or CRLF, UTF-8. The first line is the header: names,
// each once; without it: errors "invalid_file".
struct CsvFile {
    std::vector<std::string> header;
    std::unique_ptr<RecordReader> reader;
};
Result<CsvFile> read_csv(InputFile& file);

// One JSON text on each line; empty lines are passed over.
std::unique_ptr<RecordReader> read_json_lines(InputFile& file);

// The elements of the array that the file is, or that the member `member` of the object that the file is, holds.
// Only what is needed to tell the elements apart is checked here; each is read strictly by who gets it.
std::unique_ptr<RecordReader> read_json_elements(InputFile& file, std::string member);

// Why `text` is nothing that can be taken for text: "nul_byte" or "invalid_encoding". Nothing when it can.
std::optional<Error> check_encoding(std::string_view text);

}  // namespace postern::cli
