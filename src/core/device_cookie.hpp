// A cookie by which a browser that has logged in to an account is known when it comes back, so that nobody else's
// failed logins keep its holder out (OWASP, "Slow down online guessing attacks with device cookies").
//
// Its value is base64url(version || nonce || HMAC(version || nonce || address)). The address is not in it, only bound
// by it: shown for another address it is nothing. It opens no account; it stands for a budget of failed logins of its
// own (throttle.hpp), which a thief of it uses up like anybody.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "core/secrets.hpp"

namespace postern::core {

// A new value. Errors: those of SecretDeriver::derive().
Result<std::string> make_device_cookie(const SecretDeriver& secrets, std::string_view email_key);

// What Guesser::device wants to know; nothing for a cookie that is not ours, damaged, or of another address, and while
// there is no key to tell.
std::optional<Digest> read_device_cookie(const SecretDeriver& secrets, std::string_view email_key,
                                         std::string_view value);

}  // namespace postern::core
