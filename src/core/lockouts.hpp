// Accounts that failed logins have locked, as an operator sees them; the rules are throttle.hpp's.
#pragma once

#include <optional>
#include <vector>

#include "base/result.hpp"
#include "core/audit.hpp"
#include "core/store.hpp"
#include "core/throttle.hpp"

namespace postern::core {

struct Lockout {
    Account account;
    std::int64_t failures = 0;
    Timestamp until;
};

struct Lockouts {
    std::vector<Lockout> accounts;       // most failures first
    std::int64_t unknown_addresses = 0;  // locked, too, and no account was found that they belong to
};

// Failures are kept by digest of the address. Which accounts they belong to is found by the newest records of failed
// logins in the audit trail, limits::lockout_records of them; a lock leaves some.
Result<Lockouts> list_lockouts(Reader& reader, const ThrottlePolicy& policy, Timestamp now, std::size_t limit);

// Until when `account` is locked, if it is.
Result<std::optional<Timestamp>> find_lockout(Reader& reader, const Account& account, const ThrottlePolicy& policy,
                                              Timestamp now);

// A write step: forgets the account's failures in the store. Every node's Throttle::forget_address() does the same for
// what it has not written yet. Doing so for an account that is not locked is success.
Result<void> lift_lockout(Transaction& transaction, const Account& account, const Actor& actor, Timestamp now);

}  // namespace postern::core
