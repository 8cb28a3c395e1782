#include "core/rehash.hpp"

namespace postern::core {

Result<std::size_t> replace_hashes(Transaction& transaction, std::span<const WrappedHash> wrapped, const Actor& actor,
                                   Timestamp now) {
    std::size_t replaced = 0;
    for (const WrappedHash& hash : wrapped) {
        if (TRY(transaction.update_password_hash(hash.account, hash.before, hash.after, hash.scheme))) ++replaced;
    }
    if (replaced > 0) {
        const auto count = static_cast<std::int64_t>(replaced);
        TRY(record(transaction, "accounts.rehashed", actor, {.account = std::nullopt}, "success", count, now));
    }
    return replaced;
}

}  // namespace postern::core
