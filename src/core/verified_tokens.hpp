// Tokens whose signature was checked lately, by their fingerprint, with what they say. What can change (time, keys,
// revocation) is not remembered: the caller checks it each time, and an entry of an older generation of keys counts for
// nothing.
//
// Bounded: a newcomer to a full shard takes the place of one that was not met since the hand last came by (the clock
// algorithm: F. J. Corbato, "A paging experiment with the Multics system", 1968). Thread-safe.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.hpp"

namespace postern::core {

template <typename Token>
class VerifiedTokens {
public:
    // `capacity`: entries kept at most. Zero keeps none.
    explicit VerifiedTokens(std::size_t capacity) : per_shard_((capacity + shard_count - 1) / shard_count) {}

    // Nothing for what is not here, or was checked under another generation of keys.
    std::shared_ptr<const Token> find(std::string_view text, std::uint64_t generation) {
        const Fingerprint key = fingerprints_.of(text);
        Shard& shard = shard_of(key);
        const std::lock_guard lock(shard.mutex);
        const auto found = shard.entries.find(key);
        if (found == shard.entries.end() || found->second.generation != generation) return nullptr;
        found->second.was_met = true;
        return found->second.token;
    }

    void insert(std::string_view text, std::uint64_t generation, std::shared_ptr<const Token> token) {
        if (per_shard_ == 0) return;
        const Fingerprint key = fingerprints_.of(text);
        Shard& shard = shard_of(key);
        const std::lock_guard lock(shard.mutex);
        const bool is_new = shard.entries.insert_or_assign(key, Entry{generation, std::move(token)}).second;
        if (!is_new) return;
        if (shard.ring.size() < per_shard_) {
            shard.ring.push_back(key);
            return;
        }
        while (std::exchange(shard.entries.find(shard.ring[shard.hand])->second.was_met, false)) shard.turn_hand();
        shard.entries.erase(shard.ring[shard.hand]);
        shard.ring[shard.hand] = key;
        shard.turn_hand();
    }

private:
    struct Entry {
        std::uint64_t generation;
        std::shared_ptr<const Token> token;
        bool was_met = false;
    };
    struct FingerprintHash {
        using is_avalanching = void;  // every bit of a fingerprint is as good as any other
        std::size_t operator()(const Fingerprint& key) const noexcept {
            std::size_t value = 0;
            std::memcpy(&value, key.data(), sizeof value);
            return value;
        }
    };
    // Flat: one table, where a node of its own for each entry would be one more trip to the memory for each request.
    using Entries = boost::unordered_flat_map<Fingerprint, Entry, FingerprintHash>;
    struct Shard {
        std::mutex mutex;
        Entries entries;
        std::vector<Fingerprint> ring;  // of each of the entries
        std::size_t hand = 0;

        void turn_hand() { hand = (hand + 1) % ring.size(); }
    };
    static constexpr std::size_t shard_count = 16;

    Shard& shard_of(const Fingerprint& key) { return shards_.at(key.back() % shard_count); }

    const Fingerprints fingerprints_;
    std::array<Shard, shard_count> shards_;
    const std::size_t per_shard_;
};

}  // namespace postern::core
