// Values on PostgreSQL's wire, in the binary format: nothing is quoted, cut at a NUL or taken for another type.
#pragma once

#include <libpq-fe.h>

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "store/driver.hpp"

namespace postern::store {

// The parameters of one execution, as libpq takes them. Points into `values`, which must outlive it.
class PostgresParameters {
public:
    explicit PostgresParameters(std::span<const Value> values);
    PostgresParameters(const PostgresParameters&) = delete;
    PostgresParameters& operator=(const PostgresParameters&) = delete;
    ~PostgresParameters() = default;

    [[nodiscard]] int count() const { return static_cast<int>(types_.size()); }
    // 0 for NULL: the server infers it.
    [[nodiscard]] const Oid* types() const { return types_.data(); }
    [[nodiscard]] const char* const* values() const { return values_.data(); }
    [[nodiscard]] const int* lengths() const { return lengths_.data(); }
    [[nodiscard]] const int* formats() const { return formats_.data(); }

    // Errors: internal, when a value is not of the type that the prepared statement expects.
    [[nodiscard]] Result<void> check_against(std::span<const Oid> expected, std::string_view sql) const;

private:
    void add(const Value& value);

    std::vector<Oid> types_;
    std::vector<const char*> values_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
    std::vector<std::array<char, 8>> numbers_;  // reserved up front, so that pointers into it stay good
};

// Errors: internal, for a column of a type that the driver port does not have.
Result<Outcome> read_outcome(const PGresult& result);

}  // namespace postern::store
