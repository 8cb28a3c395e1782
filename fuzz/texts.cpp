// Addresses, passwords and their hashes, as strangers and other systems write them.
#include <string>

#include "crypto/hash_importer.hpp"
#include "crypto/icu_text.hpp"
#include "crypto/stored_hash.hpp"
#include "target.hpp"

namespace postern::fuzz {

void email(std::string_view input) {
    static const crypto::IcuText text;
    const auto address = text.parse_email(input);
    if (address) {
        const auto again = text.parse_email(address->key);
        hold(again.has_value() && again->key == address->key, "a key is an address, and its own key");
    }
    const auto password = text.prepare_password(SecretString(input));
    if (!password) return;
    const auto again = text.prepare_password(*password);
    hold(again.has_value() && again->reveal() == password->reveal(), "preparing a password twice changes nothing");
}

void password_hash(std::string_view input) {
    const auto imported = crypto::HashImporter().import_hash(input);
    if (imported) {
        const auto again = crypto::HashImporter().import_hash(*imported);
        hold(again.has_value() && *again == *imported, "what was imported is in its last form");
    }
    const auto plain = crypto::read_plain_hash(input);
    if (!plain) return;
    const auto again = crypto::read_plain_hash(text_of(*plain));
    hold(again.has_value() && again->digest == plain->digest, "a hash that was read can be written and read again");
}

}  // namespace postern::fuzz
