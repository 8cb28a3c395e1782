// Weaker hashes inside current ones, for accounts whose holders do not log in: what `postern account rehash` writes.
#pragma once

#include <span>
#include <string>

#include "base/result.hpp"
#include "core/audit.hpp"
#include "core/store.hpp"

namespace postern::core {

struct WrappedHash {
    AccountId account;
    std::string before;  // the hash that was read
    std::string after;   // Hasher::wrap() of it
    std::string scheme;  // Hasher::scheme() of that
};

// A write step. Says how many it replaced: a hash that is no longer what was read is left alone, so a login, a reset or
// a deletion that came first wins. The password stays the same, so nobody is logged out, no session ends, and a login
// in flight that was checked against the weaker hash still finishes.
Result<std::size_t> replace_hashes(Transaction& transaction, std::span<const WrappedHash> wrapped, const Actor& actor,
                                   Timestamp now);

}  // namespace postern::core
