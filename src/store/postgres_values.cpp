#include "store/postgres_values.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace postern::store {
namespace {

// From pg_type.dat, which never renumbers a type.
constexpr Oid oid_bool = 16;
constexpr Oid oid_bytea = 17;
constexpr Oid oid_name = 19;
constexpr Oid oid_int8 = 20;
constexpr Oid oid_int2 = 21;
constexpr Oid oid_int4 = 23;
constexpr Oid oid_text = 25;
constexpr Oid oid_varchar = 1043;
constexpr Oid oid_void = 2278;

constexpr int binary_format = 1;

// Signed, big-endian, of any width up to eight bytes.
std::int64_t read_number(std::string_view bytes) {
    std::uint64_t number = (!bytes.empty() && (static_cast<unsigned char>(bytes[0]) & 0x80U) != 0) ? ~0ULL : 0;
    for (const char byte : bytes) number = (number << 8U) | static_cast<unsigned char>(byte);
    return static_cast<std::int64_t>(number);
}

std::array<char, 8> write_number(std::int64_t number) {
    std::array<char, 8> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * (bytes.size() - 1 - i)));
    }
    return bytes;
}

Result<Value> read_value(Oid type, std::string_view bytes) {
    switch (type) {
        case oid_bool:  // one byte, 0 or 1
            return Value(std::int64_t{bytes[0]});
        case oid_int2:
        case oid_int4:
        case oid_int8: return Value(read_number(bytes));
        case oid_text:
        case oid_name:
        case oid_varchar: return Value(std::string(bytes));
        case oid_bytea: return Value(Blob(bytes.begin(), bytes.end()));
        case oid_void: return Value(Null{});
        default:
            return internal_error("A statement selects a column of the PostgreSQL type " + std::to_string(type) +
                                  ", which is none of ours; cast it.");
    }
}

}  // namespace

PostgresParameters::PostgresParameters(std::span<const Value> values) {
    numbers_.reserve(values.size());
    for (const Value& value : values) add(value);
}

void PostgresParameters::add(const Value& value) {
    Oid type = 0;
    const char* bytes = nullptr;
    std::size_t length = 0;
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
        type = oid_int8;
        bytes = numbers_.emplace_back(write_number(*number)).data();
        length = sizeof *number;
    } else if (const auto* text = std::get_if<std::string>(&value)) {
        type = oid_text;
        bytes = text->data();
        length = text->size();
    } else if (const auto* blob = std::get_if<Blob>(&value)) {
        type = oid_bytea;
        bytes = blob->empty() ? "" : reinterpret_cast<const char*>(blob->data());  // a null pointer would be NULL
        length = blob->size();
    }
    types_.push_back(type);
    values_.push_back(bytes);
    lengths_.push_back(static_cast<int>(length));
    formats_.push_back(binary_format);
}

Result<void> PostgresParameters::check_against(std::span<const Oid> expected, std::string_view sql) const {
    if (expected.size() != types_.size()) {
        return internal_error("A statement of " + std::to_string(expected.size()) + " parameters was given " +
                              std::to_string(types_.size()) + ": " + std::string(sql));
    }
    for (std::size_t i = 0; i < types_.size(); ++i) {
        if (types_[i] == 0 || types_[i] == expected[i]) continue;
        return internal_error("Parameter $" + std::to_string(i + 1) + " is of the PostgreSQL type " +
                              std::to_string(types_[i]) + " and not " + std::to_string(expected[i]) +
                              " as in: " + std::string(sql));
    }
    return {};
}

Result<Outcome> read_outcome(const PGresult& result) {
    auto* const raw = const_cast<PGresult*>(&result);  // two of libpq's readers lack the const
    Outcome outcome;
    const int rows = PQntuples(&result);
    const int columns = PQnfields(&result);
    outcome.rows.reserve(static_cast<std::size_t>(rows));
    for (int r = 0; r < rows; ++r) {
        Row row;
        row.reserve(static_cast<std::size_t>(columns));
        for (int c = 0; c < columns; ++c) {
            if (PQgetisnull(&result, r, c) != 0) {
                row.emplace_back(Null{});
                continue;
            }
            const std::string_view bytes(PQgetvalue(&result, r, c),
                                         static_cast<std::size_t>(PQgetlength(&result, r, c)));
            row.push_back(TRY(read_value(PQftype(&result, c), bytes)));
        }
        outcome.rows.push_back(std::move(row));
    }
    // "SELECT 3" counts rows that were read, "UPDATE 3" rows that were changed.
    if (!std::string_view(PQcmdStatus(raw)).starts_with("SELECT")) {
        const std::string_view changed = PQcmdTuples(raw);
        std::from_chars(changed.data(), changed.data() + changed.size(), outcome.changed);
    }
    return outcome;
}

}  // namespace postern::store
