// Tokens whose signature was checked lately, by their fingerprint, with what they say. What can change (time, keys,
// revocation) is not remembered: the caller checks it each time, and an entry of an older generation of keys counts for
// nothing.
//
// Bounded: two generations of entries in each shard. When the younger is full it becomes the older, and the older is
// dropped; what is still in use moves back as it is met. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/digest.hpp"

namespace postern::core {

template <typename Token>
class VerifiedTokens {
public:
    // `capacity`: entries kept for sure; at most twice as many. Zero keeps none.
    explicit VerifiedTokens(std::size_t capacity) : per_shard_(capacity / shard_count), keeps_any_(capacity > 0) {}

    // Nothing for what is not here, or was checked under another generation of keys.
    std::shared_ptr<const Token> find(std::string_view text, std::uint64_t generation) {
        const Fingerprint key = fingerprints_.of(text);
        Shard& shard = shard_of(key);
        const std::lock_guard lock(shard.mutex);
        if (auto found = shard.younger.find(key); found != shard.younger.end())
            return current(found->second, generation);
        auto found = shard.older.find(key);
        if (found == shard.older.end()) return nullptr;
        const Entry entry = found->second;
        shard.older.erase(found);
        insert_into(shard, key, entry);
        return current(entry, generation);
    }

    void insert(std::string_view text, std::uint64_t generation, std::shared_ptr<const Token> token) {
        if (!keeps_any_) return;
        const Fingerprint key = fingerprints_.of(text);
        Shard& shard = shard_of(key);
        const std::lock_guard lock(shard.mutex);
        insert_into(shard, key, {generation, std::move(token)});
    }

private:
    struct Entry {
        std::uint64_t generation;
        std::shared_ptr<const Token> token;
    };
    struct FingerprintHash {
        std::size_t operator()(const Fingerprint& key) const noexcept {
            std::size_t value = 0;
            std::memcpy(&value, key.data(), sizeof value);
            return value;
        }
    };
    using Entries = std::unordered_map<Fingerprint, Entry, FingerprintHash>;
    struct Shard {
        std::mutex mutex;
        Entries younger;
        Entries older;
    };
    static constexpr std::size_t shard_count = 16;

    Shard& shard_of(const Fingerprint& key) { return shards_.at(key.back() % shard_count); }

    void insert_into(Shard& shard, const Fingerprint& key, Entry entry) {
        if (shard.younger.size() > per_shard_) {
            shard.older = std::move(shard.younger);
            shard.younger = {};
        }
        shard.younger.insert_or_assign(key, std::move(entry));
    }

    static std::shared_ptr<const Token> current(const Entry& entry, std::uint64_t generation) {
        return entry.generation == generation ? entry.token : nullptr;
    }

    const Fingerprints fingerprints_;
    std::array<Shard, shard_count> shards_;
    const std::size_t per_shard_;
    const bool keeps_any_;
};

}  // namespace postern::core
