#include "core/keys.hpp"

#include <algorithm>
#include <array>

namespace postern::core {
namespace {

Error wrong_master_key() {
    return conflict(
        "master_key_wrong",
        "The master key is not the one that the keys in the store were sealed with; configure the right one, or "
        "the earlier one as previous_master_key_file");
}

struct WantedKey {
    KeyPurpose purpose;
    KeyAlgorithm algorithm;
};

// Of every purpose but access, whose algorithm is the operator's to choose.
constexpr std::array<WantedKey, 4> fixed_keys = {{{KeyPurpose::refresh, KeyAlgorithm::hs256},
                                                  {KeyPurpose::status_list, KeyAlgorithm::es256},
                                                  {KeyPurpose::audit, KeyAlgorithm::eddsa},
                                                  {KeyPurpose::derivation, KeyAlgorithm::hs256}}};

Result<StoredKey> add_key(Transaction& transaction, const KeyVault& vault, const WantedKey& wanted, Timestamp now) {
    StoredKey key = TRY(vault.make_key(wanted.purpose, wanted.algorithm, now));
    TRY(transaction.insert_key(key));
    return key;
}

bool has_key_for(const std::vector<StoredKey>& keys, KeyPurpose purpose) {
    return std::ranges::find(keys, purpose, &StoredKey::purpose) != keys.end();
}

Result<void> check_master_key(Reader& reader, const KeyVault& vault) {
    const auto check = TRY(reader.find_setting(master_key_check_setting));
    if (!check.has_value() || !vault.fits(*check)) return wrong_master_key();
    return {};
}

}  // namespace

Error keys_missing() {
    return not_found("keys_missing", "The store has no signing keys yet; make them with: postern key init");
}

Result<std::vector<StoredKey>> init_keys(Transaction& transaction, const KeyVault& vault, KeyAlgorithm access_algorithm,
                                         const Actor& actor, Timestamp now) {
    if (!TRY(transaction.list_keys()).empty()) {
        return conflict("keys_exist", "The store has signing keys already; nothing was changed");
    }
    // Writing the check value first makes two nodes that start at once queue up behind one row.
    TRY(transaction.set_setting(master_key_check_setting, vault.check_value()));
    if (!TRY(transaction.list_keys()).empty()) return conflict("keys_exist", "The store has signing keys already");
    std::vector<StoredKey> keys;
    keys.push_back(TRY(add_key(transaction, vault, {KeyPurpose::access, access_algorithm}, now)));
    for (const WantedKey& wanted : fixed_keys) keys.push_back(TRY(add_key(transaction, vault, wanted, now)));
    TRY(record(transaction, "keys.initialised", actor, {}, "success", now));
    return keys;
}

Result<std::vector<StoredKey>> load_keys(Reader& reader, const KeyVault& vault) {
    auto keys = TRY(reader.list_keys());
    if (keys.empty()) {
        return keys_missing();
    }
    TRY(check_master_key(reader, vault));
    return keys;
}

bool lacks_a_purpose(const std::vector<StoredKey>& keys) {
    return std::ranges::any_of(fixed_keys, [&](const WantedKey& wanted) { return !has_key_for(keys, wanted.purpose); });
}

Result<std::vector<StoredKey>> add_missing_keys(Transaction& transaction, const KeyVault& vault, const Actor& actor,
                                                Timestamp now) {
    TRY(load_keys(transaction, vault));
    // Written back as it is: that makes two nodes that start at once queue up behind one row, and the second one then
    // reads what the first has made.
    const auto check = TRY(transaction.find_setting(master_key_check_setting));
    TRY(transaction.set_setting(master_key_check_setting, check.value_or("")));
    const auto present = TRY(transaction.list_keys());
    std::vector<StoredKey> made;
    for (const WantedKey& wanted : fixed_keys) {
        if (has_key_for(present, wanted.purpose)) continue;
        made.push_back(TRY(add_key(transaction, vault, wanted, now)));
    }
    if (!made.empty()) TRY(record(transaction, "keys.added", actor, {}, "success", now));
    return made;
}

Result<std::size_t> rewrap_keys(Transaction& transaction, const KeyVault& vault, const Actor& actor, Timestamp now) {
    const auto keys = TRY(load_keys(transaction, vault));
    std::size_t changed = 0;
    for (const StoredKey& key : keys) {
        const StoredKey rewrapped = TRY(vault.rewrap(key));
        if (rewrapped.master_key_id == key.master_key_id) continue;
        TRY(transaction.update_key(rewrapped));
        ++changed;
    }
    TRY(transaction.set_setting(master_key_check_setting, vault.check_value()));
    TRY(record(transaction, "keys.rewrapped", actor, {}, "success", now));
    return changed;
}

}  // namespace postern::core
