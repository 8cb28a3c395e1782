#include "core/keys.hpp"

#include <array>

namespace postern::core {
namespace {

Error wrong_master_key() {
    return conflict(
        "master_key_wrong",
        "The master key is not the one that the keys in the store were sealed with; configure the right one, or "
        "the earlier one as previous_master_key_file");
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
    const std::array<std::pair<KeyPurpose, KeyAlgorithm>, 3> wanted = {
        {{KeyPurpose::access, access_algorithm},
         {KeyPurpose::refresh, KeyAlgorithm::hs256},
         {KeyPurpose::status_list, KeyAlgorithm::es256}}};
    std::vector<StoredKey> keys;
    for (const auto& [purpose, algorithm] : wanted) {
        keys.push_back(TRY(vault.make_key(purpose, algorithm, now)));
        TRY(transaction.insert_key(keys.back()));
    }
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
