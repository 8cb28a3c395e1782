// Accounts that come from elsewhere: what one record of an export becomes, and how a batch of them gets in.
//
// A file is imported in batches. Each is one transaction that adds its accounts, one audit record, and the mark of how
// far the file is in; so nothing is half imported, and who starts the same file again goes on behind the mark.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/audit.hpp"
#include "core/hasher.hpp"
#include "core/imported_hash.hpp"
#include "core/store.hpp"
#include "core/text.hpp"

namespace postern::core {

// What a record can say. The first ones, up to last_login_at, are what an export of ours holds; the others are how
// other systems say the same.
enum class ImportField : std::size_t {
    id,
    email,
    kind,
    admin,
    roles,
    scopes,
    claims,  // the text of a JSON object
    display_name,
    locale,
    password_hash,
    created_at,
    activated_at,
    email_verified_at,
    disabled_at,
    last_login_at,
    active,    // a flag: may it log in?
    verified,  // a flag: is the address its holder's?
    disabled,  // a flag
    banned_until,
    deleted_at,
    first_name,  // for display_name, where there is none
    last_name,
};
inline constexpr std::size_t import_field_count = 22;
inline constexpr std::size_t export_field_count = 15;
std::string_view word(ImportField field);
std::optional<ImportField> parse_import_field(std::string_view word);

// Flags are true/false, t/f, yes/no or 1/0; times what parse_time() reads; roles and scopes stand apart by spaces. An
// empty text says nothing.
struct ImportedRecord {
    std::array<std::string, import_field_count> values;
    std::string& operator[](ImportField field) { return values.at(static_cast<std::size_t>(field)); }
    const std::string& operator[](ImportField field) const { return values.at(static_cast<std::size_t>(field)); }
};

enum class Activation {
    as_told,  // unless the record says that it is not active or not confirmed
    all,      // except what is disabled
    none,
};

// Whether who has not confirmed the address could log in where the record comes from.
enum class Confirmation {
    ignored,     // could
    where_told,  // could not where the record says "not verified"
    needed,      // could not unless the record says that the address is verified
};

struct ImportRules {
    // The record is an export of ours: it is taken as it is. From elsewhere an id that is no UUID makes room for a new
    // one, nobody becomes an administrator, and `activation` decides.
    bool own = false;
    Confirmation confirmation = Confirmation::ignored;
    AccountKind kind = AccountKind::standard;  // where the record names none
    Activation activation = Activation::as_told;
};

struct ImportTools {
    const Text& text;
    const HashImporter& hashes;
    const Hasher& hasher;
};

// Errors, all invalid_input: "missing_email", those of Text::parse_email() and of HashImporter, "account_deleted",
// "invalid_id", "invalid_kind", "invalid_flag", "invalid_time", "invalid_display_name", "invalid_locale", those of
// accept_roles().
Result<Account> make_imported_account(const ImportedRecord& record, const ImportRules& rules, const ImportTools& tools,
                                      Timestamp now);

// The same the other way round, by field in the order of the enum: empty texts for what is not there.
std::array<std::string, export_field_count> export_account(const Account& account);

// How far a file is in.
struct ImportMark {
    std::uint64_t records = 0;  // read, from its beginning
    std::uint64_t imported = 0;
    std::uint64_t without_password = 0;  // of those
    std::uint64_t refused = 0;
    bool finished = false;
    bool operator==(const ImportMark&) const = default;
};

// `file` names a file by its content.
Result<std::optional<ImportMark>> find_import_mark(Reader& reader, std::string_view file);

struct ImportBatch {
    std::string file;
    std::optional<ImportMark> before;  // what the file's mark must be
    ImportMark after;                  // what it becomes when every account gets in
    std::vector<Account> accounts;
};

struct ImportOutcome {
    ImportMark mark;
    std::vector<std::optional<Error>> refusals;  // by place: conflict "email_taken" or "id_taken"
};

// Errors: conflict "import_elsewhere", when the mark is not what it should be: somebody else imports the file.
Result<ImportOutcome> import_batch(Transaction& transaction, const ImportBatch& batch, const Actor& actor,
                                   Timestamp now);

// What stands in the way of each, without importing any.
Result<std::vector<std::optional<Error>>> find_collisions(Reader& reader, std::span<const Account> accounts);

}  // namespace postern::core
