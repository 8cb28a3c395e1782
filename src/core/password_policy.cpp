#include "core/password_policy.hpp"

#include <string>

#include "base/ascii.hpp"
#include "base/limits.hpp"
#include "core/password_weakness.hpp"

namespace postern::core {
namespace {

// What must be left of a password once the words that anyone would try first are taken out of it.
constexpr std::size_t least_remaining_bytes = 8;
constexpr std::size_t shortest_word_bytes = 3;

void remove_word(std::string& from, std::string_view word) {
    if (word.size() < shortest_word_bytes) return;
    for (auto at = from.find(word); at != std::string::npos; at = from.find(word)) {
        wipe(from.data() + at, word.size());
        from.erase(at, word.size());
    }
}

bool is_guessable(std::string_view password, const EmailAddress& email, std::string_view service_name) {
    std::string remaining = to_lower_ascii(password);
    const auto at = email.key.rfind('@');
    const std::string_view key = email.key;
    remove_word(remaining, key);
    remove_word(remaining, key.substr(0, at));
    remove_word(remaining, key.substr(at + 1));
    remove_word(remaining, key.substr(at + 1, key.find('.', at) - at - 1));
    remove_word(remaining, to_lower_ascii(service_name));
    const bool guessable = remaining.size() < least_remaining_bytes;
    wipe(remaining.data(), remaining.size());
    return guessable;
}

}  // namespace

Result<SecretString> accept_new_password(const Text& text, const SecretString& password, const EmailAddress& email,
                                         const PasswordPolicy& policy) {
    if (password.reveal().size() > limits::password_maximum_bytes) {
        return invalid_input("password_too_long", "The password is longer than " +
                                                      std::to_string(limits::password_maximum_bytes) +
                                                      " bytes; choose a shorter one");
    }
    auto prepared = TRY(text.prepare_password(password));
    const std::size_t characters = text.count_characters(prepared.reveal());
    if (characters < policy.minimum_characters) {
        return invalid_input("password_too_short", "The password has " + std::to_string(characters) +
                                                       " characters; it needs " +
                                                       std::to_string(policy.minimum_characters) + " or more");
    }
    if (is_guessable(prepared.reveal(), email, policy.service_name)) {
        return invalid_input("password_guessable",
                             "The password is little more than the address or the service's name; choose one that "
                             "cannot be guessed from them");
    }
    switch (find_weakness(prepared.reveal(), policy.blocklist)) {
        case PasswordWeakness::none: break;
        case PasswordWeakness::pattern:
            return invalid_input("password_guessable",
                                 "The password is little more than a sequence, a walk over the keyboard or a "
                                 "repetition; choose one with more to it, such as a few unrelated words");
        case PasswordWeakness::known:
            return invalid_input("password_known",
                                 "The password, or one that it is made from by adding little, is on the list of those "
                                 "that attackers try first; choose another, such as a few unrelated words");
    }
    return prepared;
}

}  // namespace postern::core
