// What this server asks of accounts and grants them, from the configuration. Immutable once made.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "core/password_policy.hpp"

namespace postern::core {

struct AccountPolicy {
    PasswordPolicy passwords;
    bool sign_up_open = true;
    // Whether mail can leave. Without it, what needs a mailed link is refused, the same for every address.
    bool mail_works = false;
    std::string locale = "en";  // of mail to accounts that have none of their own
    Milliseconds verify_link_life = limits::verify_link_life;
    Milliseconds reset_link_life = limits::reset_link_life;
    Milliseconds invitation_link_life = limits::invitation_link_life;
    Milliseconds change_link_life = limits::change_link_life;
};

// Asked before anything that depends on an address. Errors: unavailable "mail_unavailable".
inline Result<void> check_mail_works(const AccountPolicy& policy) {
    if (policy.mail_works) return {};
    return Error{ErrorKind::unavailable, "mail_unavailable",
                 "This server sends no mail, which this needs; its operator can set mail.mode", std::chrono::hours(1)};
}

}  // namespace postern::core
