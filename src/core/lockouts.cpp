#include "core/lockouts.hpp"

#include <map>
#include <set>

#include "base/limits.hpp"

namespace postern::core {
namespace {

// The accounts that the newest failed logins concern, by the digest of their address.
Result<std::map<std::vector<std::uint8_t>, Account>> find_attacked_accounts(Reader& reader) {
    const auto records = TRY(
        reader.search_audit({.account = std::nullopt, .event = "login.failed"}, std::nullopt, limits::lockout_records));
    std::set<AccountId> ids;
    for (const AuditRecord& record : records) {
        if (record.account_id) ids.insert(*record.account_id);
    }
    std::map<std::vector<std::uint8_t>, Account> accounts;
    for (const AccountId& id : ids) {
        auto account = TRY(reader.find_account(id));
        if (account) accounts.emplace(email_digest(account->email_key), std::move(*account));
    }
    return accounts;
}

}  // namespace

Result<Lockouts> list_lockouts(Reader& reader, const ThrottlePolicy& policy, Timestamp now, std::size_t limit) {
    Lockouts lockouts;
    const auto locked = TRY(list_locked_addresses(reader, policy, now, limit));
    if (locked.empty()) return lockouts;
    const auto accounts = TRY(find_attacked_accounts(reader));
    for (const LoginFailures& failures : locked) {
        const auto account = accounts.find(failures.email_digest);
        const auto until = locked_until(failures, policy, now);
        if (account == accounts.end() || !until) {
            lockouts.unknown_addresses += 1;
        } else {
            lockouts.accounts.push_back({account->second, failures.count, *until});
        }
    }
    return lockouts;
}

Result<std::optional<Timestamp>> find_lockout(Reader& reader, const Account& account, const ThrottlePolicy& policy,
                                              Timestamp now) {
    const auto failures = TRY(reader.find_login_failures(email_digest(account.email_key)));
    return locked_until(failures, policy, now);
}

Result<void> lift_lockout(Transaction& transaction, const Account& account, const Actor& actor, Timestamp now) {
    const bool had_failures = TRY(transaction.delete_login_failures(email_digest(account.email_key)));
    if (!had_failures) return {};
    return record(transaction, "account.lockout_lifted", actor,
                  {.account = account.id, .session = std::nullopt, .detail = account.email}, "success", now);
}

}  // namespace postern::core
