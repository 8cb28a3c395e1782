#include <algorithm>
#include <set>

#include "base/encoding.hpp"
#include "base/limits.hpp"
#include "cli/records.hpp"

namespace postern::cli {
namespace {

Error broken(std::uint64_t line, const std::string& what) {
    return invalid_input("invalid_file", "Line " + std::to_string(line) + ": " + what);
}

class CsvReader final : public RecordReader {
public:
    explicit CsvReader(InputFile& file) : file_(file) {}

    void expect_columns(std::size_t count) { columns_ = count; }

    Result<bool> next(Record& record) override {
        do {
            if (file_.peek() == InputFile::end) {
                if (file_.failed()) return unavailable("Cannot read " + file_.path() + " further");
                return false;
            }
            TRY(read_record(record));
        } while (record.values.size() == 1 && record.values.front().empty() && !record.refusal);
        if (!record.refusal && columns_ != 0 && record.values.size() != columns_) {
            record.refusal =
                invalid_input("wrong_columns", "The line has " + std::to_string(record.values.size()) +
                                                   " fields where the header has " + std::to_string(columns_));
        }
        for (const std::string& value : record.values) {
            if (record.refusal) break;
            record.refusal = check_encoding(value);
        }
        return true;
    }

private:
    // Up to and with its line end.
    Result<void> read_record(Record& record) {
        record = Record{.place = line_, .values = {}, .refusal = {}};
        kept_ = 0;
        for (;;) {
            if (kept_ <= limits::import_line_bytes && record.values.size() <= limits::import_columns) {
                record.values.emplace_back();
            }
            TRY(read_field(record, record.values.back()));
            const int byte = file_.next();
            if (byte == ',') continue;
            ++line_;
            break;  // read_field() stops at a comma, a line end, or the end of the file
        }
        if (kept_ > limits::import_line_bytes) refuse(record, "line_too_long", "The line is too long");
        if (record.values.size() > limits::import_columns)
            refuse(record, "line_too_long", "The line has too many fields");
        return {};
    }

    Result<void> read_field(Record& record, std::string& value) {
        if (file_.peek() == '"') {
            TRY(read_quoted(record, value));
            if (file_.peek() == '\r') file_.next();
            if (at_field_end()) return {};
            refuse(record, "invalid_quotes", "There is more in a field after its closing quote");
        }
        while (!at_field_end()) {
            const int byte = file_.next();
            if (byte == '"')
                refuse(record, "invalid_quotes", "There is a quote inside a field that does not begin with one");
            keep(value, byte);
        }
        if (file_.peek() != ',' && value.ends_with('\r')) value.pop_back();
        return {};
    }

    Result<void> read_quoted(const Record& record, std::string& value) {
        file_.next();
        for (;;) {
            const int byte = file_.next();
            if (byte == InputFile::end)
                return broken(record.place, "the file ends inside a quoted field that begins here");
            if (byte == '\n') ++line_;
            if (byte == '"') {
                if (file_.peek() != '"') return {};
                file_.next();
            }
            keep(value, byte);
        }
    }

    bool at_field_end() {
        const int byte = file_.peek();
        return byte == ',' || byte == '\n' || byte == InputFile::end;
    }
    void keep(std::string& value, int byte) {
        if (++kept_ <= limits::import_line_bytes) value.push_back(static_cast<char>(byte));
    }
    static void refuse(Record& record, const std::string& code, const std::string& message) {
        if (!record.refusal) record.refusal = invalid_input(code, message);
    }

    InputFile& file_;
    std::size_t columns_ = 0;
    std::uint64_t line_ = 1;
    std::size_t kept_ = 0;  // bytes of this record, also those that were dropped
};

}  // namespace

Result<CsvFile> read_csv(InputFile& file) {
    auto reader = std::make_unique<CsvReader>(file);
    Record header;
    if (!TRY(reader->next(header))) return invalid_input("invalid_file", file.path() + " is empty");
    if (header.refusal) return broken(header.place, header.refusal->message);
    std::set<std::string> names;
    for (const std::string& name : header.values) {
        if (name.empty()) return broken(header.place, "a column of the header has no name");
        if (!names.insert(name).second) {
            return broken(header.place, "the header names the column " + quote_for_message(name) + " twice");
        }
    }
    if (header.values.size() == 1 && header.values.front().find_first_of(";\t|") != std::string::npos) {
        return broken(header.place, "the fields of the header stand apart by something else than commas");
    }
    reader->expect_columns(header.values.size());
    return CsvFile{std::move(header.values), std::move(reader)};
}

}  // namespace postern::cli
