// Signing keys as an operator handles them, and the vault port that makes and seals them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/audit.hpp"
#include "core/store.hpp"

namespace postern::core {

// Makes keys and seals their private halves under a master key. Implemented by src/crypto. Thread-safe.
class KeyVault {
public:
    virtual ~KeyVault() = default;
    virtual Result<StoredKey> make_key(KeyPurpose purpose, KeyAlgorithm algorithm, Timestamp now) const = 0;
    // The same key sealed under the current master key. Errors: conflict "master_key_wrong".
    virtual Result<StoredKey> rewrap(const StoredKey& key) const = 0;
    // Names the current master key without telling it; a store remembers it so that a wrong key is noticed at once.
    [[nodiscard]] virtual std::string check_value() const = 0;
    // Whether `check` was made by the current master key, or by the previous one.
    [[nodiscard]] virtual bool fits(std::string_view check) const = 0;
};

// Brings the keys that sign and verify here up to the store's. Implemented by src/app. Thread-safe.
class KeyUpdater {
public:
    virtual ~KeyUpdater() = default;
    // `done` runs, on another thread, once every key is known here that was committed anywhere before this call; it
    // must not block. Calls share a look at the store, and wait for each other a little, since any stranger can cause
    // them. Errors: unavailable.
    virtual void catch_up(Store::Done done) = 0;
    // False while the keys of the store cannot be opened here, and those from before are used.
    [[nodiscard]] virtual bool is_current() const = 0;
};

inline constexpr std::string_view master_key_check_setting = "master_key_check";

// One active key for each purpose, and the check value of the master key. Errors: conflict "keys_exist".
Result<std::vector<StoredKey>> init_keys(Transaction& transaction, const KeyVault& vault, KeyAlgorithm access_algorithm,
                                         const Actor& actor, Timestamp now);

// Whether there is a purpose that none of `keys` is for.
bool lacks_a_purpose(const std::vector<StoredKey>& keys);

// For a store that an older version made: a key for each purpose that has none yet; nothing otherwise. Says what it
// made. Errors: as load_keys().
Result<std::vector<StoredKey>> add_missing_keys(Transaction& transaction, const KeyVault& vault, const Actor& actor,
                                                Timestamp now);

// not_found "keys_missing", for a store that has none, with what to do.
Error keys_missing();

// Errors: keys_missing() for a store that has none, conflict "master_key_wrong"; each says what to do.
Result<std::vector<StoredKey>> load_keys(Reader& reader, const KeyVault& vault);

// Seals every key under the current master key. Says how many it changed.
Result<std::size_t> rewrap_keys(Transaction& transaction, const KeyVault& vault, const Actor& actor, Timestamp now);

}  // namespace postern::core
