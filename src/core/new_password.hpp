// A password on its way into an account: accepted by the policy and hashed, off the store's threads.
#pragma once

#include <string>

#include "base/result.hpp"
#include "core/hasher.hpp"
#include "core/password_policy.hpp"
#include "core/store.hpp"
#include "core/text.hpp"

namespace postern::core {

struct NewPassword {
    std::string hash;
    std::string scheme;  // Hasher::scheme() of it
};

// For the hash lane. `email` is the address of the account that gets it. Errors: those of accept_new_password();
// unavailable, when the memory cannot be had.
Result<NewPassword> make_new_password(const Hasher& hasher, const Text& text, const SecretString& password,
                                      const EmailAddress& email, const PasswordPolicy& policy);

// Gives `account`, as it was read, the password. The caller saves it.
void set_new_password(Account& account, const NewPassword& password);

}  // namespace postern::core
