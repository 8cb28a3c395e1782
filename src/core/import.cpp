#include "core/import.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "base/ascii.hpp"
#include "base/encoding.hpp"
#include "base/limits.hpp"
#include "base/time_text.hpp"
#include "core/accounts.hpp"
#include "core/scopes.hpp"

namespace postern::core {
namespace {

constexpr std::array<std::string_view, import_field_count> field_words = {"id",
                                                                          "email",
                                                                          "kind",
                                                                          "admin",
                                                                          "roles",
                                                                          "scopes",
                                                                          "claims",
                                                                          "display_name",
                                                                          "locale",
                                                                          "password_hash",
                                                                          "created_at",
                                                                          "activated_at",
                                                                          "email_verified_at",
                                                                          "disabled_at",
                                                                          "last_login_at",
                                                                          "active",
                                                                          "verified",
                                                                          "disabled",
                                                                          "banned_until",
                                                                          "deleted_at",
                                                                          "first_name",
                                                                          "last_name"};

// Written in every batch, so that two imports of one file queue up and the second sees the mark of the first.
constexpr std::string_view guard_setting = "import_guard";

std::string mark_setting(std::string_view file) {
    return "import:" + std::string(file);
}

std::string text_of(const ImportMark& mark) {
    return std::to_string(mark.records) + ' ' + std::to_string(mark.imported) + ' ' +
           std::to_string(mark.without_password) + ' ' + std::to_string(mark.refused) + ' ' +
           (mark.finished ? "finished" : "open");
}

Result<ImportMark> parse_mark(const std::string& text) {
    std::istringstream in(text);
    ImportMark mark;
    std::string state;
    in >> mark.records >> mark.imported >> mark.without_password >> mark.refused >> state;
    if (!in || (state != "finished" && state != "open")) return internal_error("The mark of an import is damaged");
    mark.finished = state == "finished";
    return mark;
}

Error invalid_value(ImportField field, const std::string& code, const std::string& text, const std::string& wanted) {
    return invalid_input(code, std::string(word(field)) + " is " + quote_for_message(text) + ", which is " + wanted);
}

Result<std::optional<Timestamp>> time_of(const ImportedRecord& record, ImportField field) {
    const std::string& text = record[field];
    if (text.empty()) return std::optional<Timestamp>();
    const auto time = parse_time(text);
    if (!time) return invalid_value(field, "invalid_time", text, "no time");
    return time;
}

Result<std::optional<bool>> flag_of(const ImportedRecord& record, ImportField field) {
    const std::string text = to_lower_ascii(record[field]);
    if (text.empty()) return std::optional<bool>();
    if (text == "true" || text == "t" || text == "yes" || text == "1") return std::optional(true);
    if (text == "false" || text == "f" || text == "no" || text == "0") return std::optional(false);
    return invalid_value(field, "invalid_flag", text, "neither true nor false");
}

Result<AccountId> id_of(const ImportedRecord& record, const ImportRules& rules, Timestamp now) {
    const std::string& text = record[ImportField::id];
    const auto id = AccountId::parse(text);
    if (id && *id != AccountId{}) return *id;
    if (text.empty() || !rules.own) return AccountId::make(now);
    return invalid_value(ImportField::id, "invalid_id", text, "no UUID");
}

Result<std::string> display_name_of(const ImportedRecord& record, const Text& text) {
    std::string name = record[ImportField::display_name];
    if (name.empty()) {
        name = record[ImportField::first_name];
        if (!name.empty() && !record[ImportField::last_name].empty()) name += ' ';
        name += record[ImportField::last_name];
    }
    const bool printable = std::ranges::none_of(name, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; });
    if (!printable || text.count_characters(name) > limits::display_name_characters) {
        return invalid_input("invalid_display_name", "display_name has a control character or more than " +
                                                         std::to_string(limits::display_name_characters) +
                                                         " characters");
    }
    return name;
}

Result<std::string> locale_of(const ImportedRecord& record) {
    std::string locale = record[ImportField::locale];
    std::ranges::replace(locale, '_', '-');  // as Java and POSIX write them
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    };
    if (locale.size() > limits::locale_bytes || !std::ranges::all_of(locale, fits)) {
        return invalid_value(ImportField::locale, "invalid_locale", locale, "no language tag");
    }
    return locale;
}

std::vector<std::string> words_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
}

Result<void> read_claims(Account& account, const ImportedRecord& record) {
    account.roles = TRY(accept_roles(words_of(record[ImportField::roles])));
    account.scopes = TRY(accept_scopes(words_of(record[ImportField::scopes])));
    if (const std::string& claims = record[ImportField::claims]; !claims.empty()) {
        account.custom_claims = TRY(accept_custom_claims(claims));
    }
    return check_claims_size(account);
}

Result<AccountKind> kind_of(const ImportedRecord& record, const ImportRules& rules) {
    const std::string& text = record[ImportField::kind];
    if (text.empty()) return rules.kind;
    const auto kind = parse_account_kind(text);
    if (!kind) return invalid_value(ImportField::kind, "invalid_kind", text, "neither standard nor demo");
    return *kind;
}

// Ban and suspension of the origin become our disabled_at.
Result<std::optional<Timestamp>> disabled_at_of(const ImportedRecord& record, Timestamp now) {
    const auto told = TRY(time_of(record, ImportField::disabled_at));
    if (told) return told;
    const auto active = TRY(flag_of(record, ImportField::active));
    const auto disabled = TRY(flag_of(record, ImportField::disabled));
    const auto banned_until = TRY(time_of(record, ImportField::banned_until));
    const bool barred = active == false || disabled == true || (banned_until && *banned_until > now);
    return barred ? std::optional(now) : std::nullopt;
}

Result<void> read_states(Account& account, const ImportedRecord& record, const ImportRules& rules, Timestamp now) {
    account.created_at = TRY(time_of(record, ImportField::created_at)).value_or(now);
    account.last_login_at = TRY(time_of(record, ImportField::last_login_at));
    account.email_verified_at = TRY(time_of(record, ImportField::email_verified_at));
    account.activated_at = TRY(time_of(record, ImportField::activated_at));
    account.disabled_at = TRY(disabled_at_of(record, now));
    const auto verified = TRY(flag_of(record, ImportField::verified));
    if (!account.email_verified_at && verified == true) account.email_verified_at = now;
    if (rules.own) return {};
    if (rules.activation == Activation::none) account.activated_at.reset();
    const bool unconfirmed = (rules.confirmation == Confirmation::needed && !account.email_verified_at) ||
                             (rules.confirmation == Confirmation::where_told && verified == false);
    const bool activates =
        rules.activation == Activation::all || (rules.activation == Activation::as_told && !unconfirmed);
    if (!account.activated_at && activates) account.activated_at = now;
    return {};
}

}  // namespace

std::string_view word(ImportField field) {
    return field_words.at(static_cast<std::size_t>(field));
}

std::optional<ImportField> parse_import_field(std::string_view word) {
    const auto found = std::ranges::find(field_words, word);
    if (found == field_words.end()) return std::nullopt;
    return static_cast<ImportField>(found - field_words.begin());
}

Result<Account> make_imported_account(const ImportedRecord& record, const ImportRules& rules, const ImportTools& tools,
                                      Timestamp now) {
    if (record[ImportField::email].empty()) return invalid_input("missing_email", "The record has no address");
    if (!rules.own && TRY(time_of(record, ImportField::deleted_at))) {
        return invalid_input("account_deleted", "The account was deleted where it comes from");
    }
    auto email = TRY(tools.text.parse_email(record[ImportField::email]));
    Account account;
    account.id = TRY(id_of(record, rules, now));
    account.email_key = std::move(email.key);
    account.email = std::move(email.given);
    account.kind = TRY(kind_of(record, rules));
    account.admin = rules.own && TRY(flag_of(record, ImportField::admin)).value_or(false);
    TRY(read_claims(account, record));
    account.display_name = TRY(display_name_of(record, tools.text));
    account.locale = TRY(locale_of(record));
    if (const std::string& hash = record[ImportField::password_hash]; !hash.empty()) {
        account.password_hash = TRY(tools.hashes.import_hash(hash));
        account.password_scheme = tools.hasher.scheme(account.password_hash);
    }
    account.updated_at = now;
    TRY(read_states(account, record, rules, now));
    return account;
}

std::array<std::string, export_field_count> export_account(const Account& account) {
    const auto time = [](const std::optional<Timestamp>& moment) { return moment ? write_time(*moment) : ""; };
    return {account.id.text(),
            account.email,
            std::string(word(account.kind)),
            account.admin ? "true" : "false",
            join_words(account.roles),
            join_words(account.scopes),
            account.custom_claims,
            account.display_name,
            account.locale,
            account.password_hash,
            time(account.created_at),
            time(account.activated_at),
            time(account.email_verified_at),
            time(account.disabled_at),
            time(account.last_login_at)};
}

Result<std::optional<ImportMark>> find_import_mark(Reader& reader, std::string_view file) {
    const auto text = TRY(reader.find_setting(mark_setting(file)));
    if (!text) return std::optional<ImportMark>();
    return std::optional(TRY(parse_mark(*text)));
}

Result<std::vector<std::optional<Error>>> find_collisions(Reader& reader, std::span<const Account> accounts) {
    std::vector<std::optional<Error>> collisions(accounts.size());
    for (std::size_t i = 0; i < accounts.size(); ++i) {
        if (TRY(reader.find_account_by_email(accounts[i].email_key))) {
            collisions[i] = conflict("email_taken", "The address belongs to an account that is in already");
        } else if (TRY(reader.find_account(accounts[i].id))) {
            collisions[i] = conflict("id_taken", "The id belongs to an account that is in already");
        }
    }
    return collisions;
}

Result<ImportOutcome> import_batch(Transaction& transaction, const ImportBatch& batch, const Actor& actor,
                                   Timestamp now) {
    TRY(transaction.set_setting(guard_setting, batch.file));
    const auto mark = TRY(find_import_mark(transaction, batch.file));
    if (mark != batch.before) {
        return conflict("import_elsewhere",
                        "Somebody else is importing this file; let that finish, then run this again");
    }
    const auto inserted = TRY(transaction.insert_accounts(batch.accounts));
    ImportOutcome outcome{batch.after, std::vector<std::optional<Error>>(batch.accounts.size())};
    std::int64_t count = 0;
    for (std::size_t i = 0; i < batch.accounts.size(); ++i) {
        const Account& account = batch.accounts[i];
        if (inserted.at(i)) {
            ++count;
            continue;
        }
        outcome.refusals[i] = TRY(find_collisions(transaction, {&account, 1})).front();
        if (!outcome.refusals[i]) return conflict("retry", "An account was deleted while another took its place");
        --outcome.mark.imported;
        if (account.password_hash.empty()) --outcome.mark.without_password;
        ++outcome.mark.refused;
    }
    if (count > 0) {
        TRY(record(transaction, "accounts.imported", actor, {.account = std::nullopt}, "success", count, now));
    }
    TRY(transaction.set_setting(mark_setting(batch.file), text_of(outcome.mark)));
    return outcome;
}

}  // namespace postern::core
