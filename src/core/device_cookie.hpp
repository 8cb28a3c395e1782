// A cookie by which a browser that has logged in to an account is known when it comes back, so that nobody else's
// failed logins keep its holder out (OWASP, "Slow down online guessing attacks with device cookies").
//
// Its value is base64url(head || HMAC(head || address)), where head is version || nonce || account || security version.
// The address is not in it, only bound by it: shown for another address it is nothing. It opens no account; it stands
// for a budget of failed logins of its own (throttle.hpp), which a thief of it uses up like anybody. Past the account's
// total it counts only while the security version is the one of the login that gave it: a reset, like any change of the
// account, takes that from every device until it logs in again.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "core/records.hpp"
#include "core/secrets.hpp"

namespace postern::core {

struct Device {
    Digest key;  // tells it from others
    AccountId account;
    std::int64_t security_version = 0;
    bool operator==(const Device&) const = default;
};

// A new value, for who has just logged in to `account`. Errors: those of SecretDeriver::derive().
Result<std::string> make_device_cookie(const SecretDeriver& secrets, const Account& account);

// Whose it is; nothing for a cookie that is not ours, damaged, or of another address, and while
// there is no key to tell.
std::optional<Device> read_device_cookie(const SecretDeriver& secrets, std::string_view email_key,
                                         std::string_view value);

}  // namespace postern::core
