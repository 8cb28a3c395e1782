#include "cli/import_format.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/limits.hpp"
#include "cli/command.hpp"
#include "cli/origin.hpp"

namespace postern::cli {
namespace {

// The member of a realm's export that holds its users.
constexpr std::string_view users_member = "users";

// Passes over UTF-8's mark, which Excel writes. Errors: invalid_input "invalid_file" for UTF-16's.
Result<void> skip_byte_order_mark(InputFile& file) {
    const std::string_view start = file.ahead();
    if (start.starts_with("\xEF\xBB\xBF")) file.skip(3);
    if (start.starts_with("\xFF\xFE") || start.starts_with("\xFE\xFF")) {
        return invalid_input("invalid_file", file.path() +
                                                 " is UTF-16; convert it to UTF-8 first, for example with: "
                                                 "iconv -f UTF-16 -t UTF-8");
    }
    return {};
}

// The first line, as far as one record may be long.
std::string first_line(InputFile& file) {
    std::string line;
    while (line.size() < limits::import_line_bytes && file.peek() != '\n' && file.peek() != InputFile::end) {
        line.push_back(static_cast<char>(file.next()));
    }
    return line;
}

std::vector<std::string> names_in(const boost::json::object& record) {
    std::vector<std::string> names;
    for (const auto& member : record) names.emplace_back(member.key());
    return names;
}

// Django marks an account without a password this way.
void drop_unusable_password(Origin origin, core::ImportedRecord& record) {
    auto& hash = record[core::ImportField::password_hash];
    if (origin == Origin::django && hash.starts_with('!')) hash.clear();
}

Result<std::string> text_of_field(core::ImportField field, std::string_view name, const boost::json::value& value) {
    if (field == core::ImportField::claims && value.is_object()) return boost::json::serialize(value);
    return text_of(name, value);
}

std::string known_fields() {
    std::string known;
    for (std::size_t i = 0; i < core::import_field_count; ++i) {
        if (i > 0) known += ", ";
        known += core::word(static_cast<core::ImportField>(i));
    }
    return known;
}

}  // namespace

Result<ColumnMap> parse_column_map(const std::vector<std::string>& words) {
    ColumnMap map;
    for (const std::string& word : words) {
        const std::size_t sign = word.find('=');
        const auto field = core::parse_import_field(std::string_view(word).substr(0, sign));
        if (sign == std::string::npos || sign + 1 == word.size() || !field) {
            return usage_error("--map is FIELD=COLUMN, not " + word + "; the fields are " + known_fields());
        }
        map[*field] = word.substr(sign + 1);
    }
    return map;
}

Result<ImportSource> ImportSource::open(InputFile& file, std::optional<Origin> origin, ColumnMap map,
                                        const core::HashImporter& hashes) {
    ImportSource source(file, std::move(map), hashes);
    TRY(source.recognise(origin));
    TRY(source.rewind());
    return source;
}

Result<void> ImportSource::recognise(std::optional<Origin> origin) {
    file_->rewind();
    TRY(skip_byte_order_mark(*file_));
    while (file_->peek() == ' ' || file_->peek() == '\n' || file_->peek() == '\r' || file_->peek() == '\t')
        file_->next();
    const int first = file_->peek();
    if (first == InputFile::end) return invalid_input("invalid_file", file_->path() + " is empty");
    std::vector<std::string> names;
    container_ = first == '[' ? Container::json : Container::csv;
    if (first == '{') {
        const std::string line = first_line(*file_);
        const auto object = parse_json(line);
        if (object && object->is_object()) names = names_in(object->get_object());
        const bool is_realm = std::ranges::find(names, users_member) != names.end();
        if (is_realm) names.clear();
        // A line that ends like an object is one, be it a damaged one; a longer object begins with a line that does
        // not.
        const bool is_line = line.size() < limits::import_line_bytes && line[line.find_last_not_of("\r \t")] == '}';
        container_ = is_line && !is_realm ? Container::json_lines : Container::json;
    }
    if (!origin && container_ == Container::csv) {
        file_->rewind();
        TRY(skip_byte_order_mark(*file_));
        names = TRY(read_csv(*file_)).header;
    } else if (!origin && names.empty()) {
        TRY(rewind());
        names = TRY(first_names());
    }
    if (!origin) origin = guess_origin(names);
    origin_ = *origin;
    return {};
}

// Of the first record that can be read.
Result<std::vector<std::string>> ImportSource::first_names() {
    Record record;
    while (TRY(reader_->next(record))) {
        if (record.refusal) continue;
        const auto element = parse_json(record.values.front());
        if (element && element->is_object()) return names_in(element->get_object());
    }
    return std::vector<std::string>();
}

Result<void> ImportSource::rewind() {
    file_->rewind();
    TRY(skip_byte_order_mark(*file_));
    switch (container_) {
        case Container::json_lines: reader_ = read_json_lines(*file_); return {};
        case Container::json: reader_ = read_json_elements(*file_, std::string(users_member)); return {};
        case Container::csv: break;
    }
    auto csv = TRY(read_csv(*file_));
    reader_ = std::move(csv.reader);
    return find_columns(csv.header);
}

Result<void> ImportSource::find_columns(const std::vector<std::string>& header) {
    columns_.clear();
    places_.clear();
    const auto take = [&](core::ImportField field, std::string_view name) {
        const auto found = std::ranges::find(header, name);
        if (found == header.end()) return false;
        columns_[field] = name;
        places_.emplace_back(field, static_cast<std::size_t>(found - header.begin()));
        return true;
    };
    for (const auto& [field, name] : map_) {
        if (!take(field, name)) {
            return invalid_input("invalid_file", "The header has no column " + quote_for_message(name) +
                                                     ", which --map names for " + std::string(core::word(field)));
        }
    }
    for (const FieldNames& known : field_names(origin_)) {
        if (map_.contains(known.field)) continue;
        for (const std::string_view name : known.names) {
            if (take(known.field, name)) break;
        }
    }
    if (!columns_.contains(core::ImportField::email)) {
        return invalid_input("invalid_file",
                             "The header has no column for the address; name it with --map email=COLUMN");
    }
    return {};
}

std::string_view ImportSource::container() const {
    switch (container_) {
        case Container::csv: return "CSV";
        case Container::json_lines: return "JSON lines";
        case Container::json: return "JSON";
    }
    return "";
}

std::string_view ImportSource::place_word() const {
    return container_ == Container::json ? "record" : "line";
}

core::ImportRules ImportSource::rules() const {
    core::ImportRules rules;
    rules.own = origin_ == Origin::postern;
    if (origin_ == Origin::gotrue) rules.confirmation = core::Confirmation::needed;
    if (origin_ == Origin::table) rules.confirmation = core::Confirmation::where_told;
    return rules;
}

Result<std::optional<core::ImportedRecord>> ImportSource::read(Record& record) const {
    core::ImportedRecord read;
    if (container_ == Container::csv) {
        for (const auto& [field, place] : places_) read[field] = std::move(record.values[place]);
        drop_unusable_password(origin_, read);
        return std::optional(std::move(read));
    }
    const auto parsed = TRY(parse_json(record.values.front()));
    if (!parsed.is_object()) return invalid_input("invalid_json", "The record is no JSON object");
    const auto* columns = columns_of(origin_, parsed.get_object());
    if (columns == nullptr) return std::optional<core::ImportedRecord>();
    for (const FieldNames& known : field_names(origin_)) {
        for (const std::string_view name : known.names) {
            const auto* value = map_.contains(known.field) ? nullptr : columns->if_contains(name);
            if (value == nullptr) continue;
            read[known.field] = TRY(text_of_field(known.field, name, *value));
            break;
        }
    }
    for (const auto& [field, name] : map_) {
        if (const auto* value = columns->if_contains(name)) read[field] = TRY(text_of_field(field, name, *value));
    }
    if (origin_ == Origin::keycloak) TRY(read_keycloak_user(*columns, *hashes_, read));
    drop_unusable_password(origin_, read);
    return std::optional(std::move(read));
}

}  // namespace postern::cli
