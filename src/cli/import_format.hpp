// Where an export comes from: how that is told from its content, and which of its columns are which of our fields.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cli/input_file.hpp"
#include "cli/records.hpp"
#include "core/import.hpp"

namespace postern::cli {

// postern: our own export. table: a table of users as a Flask application has it, or anything with an address and a
// hash. gotrue: the table auth.users. keycloak: a realm's export, or the users of its admin API.
enum class Origin { postern, table, django, gotrue, keycloak };
std::string_view word(Origin origin);
std::optional<Origin> parse_origin(std::string_view word);

// Our field by the name of the column that holds it: what --map says, before everything else.
using ColumnMap = std::map<core::ImportField, std::string>;
// From FIELD=COLUMN[,FIELD=COLUMN…]. Errors: invalid_input "usage".
Result<ColumnMap> parse_column_map(const std::vector<std::string>& words);

// A file of records, opened and recognised. Used by one thread; the file and the importer must outlive it.
class ImportSource {
public:
    // `origin` is told from the content where there is none. Errors: invalid_input "invalid_file", also for a map that
    // names a column which a CSV file does not have.
    static Result<ImportSource> open(InputFile& file, std::optional<Origin> origin, ColumnMap map,
                                     const core::HashImporter& hashes);

    [[nodiscard]] Origin origin() const { return origin_; }
    [[nodiscard]] std::string_view container() const;  // "CSV", "JSON lines" or "JSON"
    // What a record's place is: "line", or "record" where it is an element of an array.
    [[nodiscard]] std::string_view place_word() const;
    // From CSV: which column each field is read from.
    [[nodiscard]] const ColumnMap& columns() const { return columns_; }
    [[nodiscard]] core::ImportRules rules() const;

    // From the beginning again.
    Result<void> rewind();
    // The next record, false at the end. Errors: those of RecordReader.
    Result<bool> next(Record& record) { return reader_->next(record); }
    // What it says; nothing for what stands in the file but is no user. Errors, for a record that has no refusal of its
    // own: invalid_input "invalid_json", "duplicate_field", "invalid_value", those of HashImporter.
    Result<std::optional<core::ImportedRecord>> read(Record& record) const;

private:
    enum class Container { csv, json_lines, json };
    ImportSource(InputFile& file, ColumnMap map, const core::HashImporter& hashes)
        : file_(&file), map_(std::move(map)), hashes_(&hashes) {}

    Result<void> recognise(std::optional<Origin> origin);
    Result<std::vector<std::string>> first_names();
    Result<void> find_columns(const std::vector<std::string>& header);

    InputFile* file_;
    ColumnMap map_;
    const core::HashImporter* hashes_;
    Container container_ = Container::csv;
    Origin origin_ = Origin::table;
    std::unique_ptr<RecordReader> reader_;
    ColumnMap columns_;
    std::vector<std::pair<core::ImportField, std::size_t>> places_;  // in a record's values
};

}  // namespace postern::cli
