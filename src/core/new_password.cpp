#include "core/new_password.hpp"

namespace postern::core {

Result<NewPassword> make_new_password(const Hasher& hasher, const Text& text, const SecretString& password,
                                      const EmailAddress& email, const PasswordPolicy& policy) {
    const SecretString accepted = TRY(accept_new_password(text, password, email, policy));
    NewPassword made{.hash = TRY(hasher.hash(accepted)), .scheme = ""};
    made.scheme = hasher.scheme(made.hash);
    return made;
}

void set_new_password(Account& account, const NewPassword& password) {
    account.password_hash = password.hash;
    account.password_scheme = password.scheme;
}

}  // namespace postern::core
