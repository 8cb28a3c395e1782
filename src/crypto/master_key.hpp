// The master key: 32 bytes under which the private halves of our signing keys rest in the store.
//
// As text it is 64 hexadecimal digits or 43 characters of base64url; white space around it is ignored. A file of it
// must belong to the user that runs us, and nobody else may read it.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "crypto/key_memory.hpp"

namespace postern::crypto {

class MasterKey {
public:
    static constexpr std::size_t bytes = 32;

    // Errors: invalid_input "invalid_master_key". `source` names the file or variable in messages.
    static Result<MasterKey> parse(const SecretString& text, std::string_view source);
    // Errors: not_found "master_key_missing"; invalid_input "invalid_master_key", also for a file that others may read
    // or that belongs to someone else; internal, when it cannot be read.
    static Result<MasterKey> read_file(const std::filesystem::path& path);
    // A new random key in a new file, durable when this returns. Errors: conflict "master_key_exists"; internal.
    static Result<MasterKey> create_file(const std::filesystem::path& path);

    // 32 hexadecimal digits that name the key and tell nothing of it: a keyed BLAKE2b of a constant.
    [[nodiscard]] const std::string& id() const { return id_; }

private:
    friend class MasterKeys;
    explicit MasterKey(const KeyBytes& key);

    KeyBytes sealing_key_;  // derived: the master key itself is not kept
    std::string id_;
};

// The current master key seals and opens; the previous one, kept for a change of keys, only opens. Immutable, so any
// number of threads may use it.
class MasterKeys {
public:
    explicit MasterKeys(MasterKey current, std::optional<MasterKey> previous = std::nullopt);

    [[nodiscard]] const std::string& current_id() const { return current_.id(); }
    [[nodiscard]] bool has(std::string_view id) const { return find(id) != nullptr; }

    // XChaCha20-Poly1305 under the current key with a random nonce, which comes first in the result. `context` is
    // authenticated, not stored: what was sealed for one purpose cannot be opened for another.
    [[nodiscard]] std::vector<std::uint8_t> seal(std::span<const std::uint8_t> secret, std::string_view context) const;
    // Errors: conflict "master_key_wrong", when the key named `id` is not here; internal, when the bytes were changed
    // or sealed for another context.
    Result<KeyBytes> open(std::string_view id, std::span<const std::uint8_t> sealed, std::string_view context) const;

private:
    [[nodiscard]] const MasterKey* find(std::string_view id) const;

    MasterKey current_;
    std::optional<MasterKey> previous_;
};

}  // namespace postern::crypto
