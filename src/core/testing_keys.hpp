// A vault for the tests of keys.
#pragma once

#include <string>
#include <utility>

#include "core/keys.hpp"

namespace postern::core::testing {

// Master keys are single letters; "sealing" writes the letter down.
class LetterVault final : public KeyVault {
public:
    LetterVault(std::string current, std::string previous)
        : current_(std::move(current)), previous_(std::move(previous)) {}
    Result<StoredKey> make_key(KeyPurpose purpose, KeyAlgorithm algorithm, Timestamp now) const override {
        StoredKey key;
        key.kid = std::string(word(purpose)) + (made_++ < first_keys ? "" : " " + std::to_string(made_));
        key.purpose = purpose;
        key.algorithm = algorithm;
        key.master_key_id = current_;
        key.created_at = now;
        return key;
    }
    Result<StoredKey> rewrap(const StoredKey& key) const override {
        if (!fits(key.master_key_id)) return conflict("master_key_wrong", "");
        StoredKey rewrapped = key;
        rewrapped.master_key_id = current_;
        return rewrapped;
    }
    [[nodiscard]] std::string check_value() const override { return current_; }
    [[nodiscard]] bool fits(std::string_view check) const override { return check == current_ || check == previous_; }

private:
    static constexpr int first_keys = 5;  // those of a new store go by their purpose
    mutable int made_ = 0;
    std::string current_;
    std::string previous_;
};

}  // namespace postern::core::testing
