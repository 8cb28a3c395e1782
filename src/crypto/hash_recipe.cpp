#include "crypto/hash_recipe.hpp"

#include "base/limits.hpp"

namespace postern::crypto {

Error invalid_hash(std::string_view scheme, const std::string& reason) {
    return invalid_input("invalid_hash", "The " + std::string(scheme) + " hash " + reason);
}

Error hash_too_costly(std::string_view scheme, const std::string& reason) {
    return invalid_input("hash_too_costly",
                         "The " + std::string(scheme) + " hash " + reason + "; each login with it would hold a worker");
}

Result<void> check_sizes(std::string_view scheme, std::size_t salt_bytes, std::size_t digest_bytes) {
    if (salt_bytes == 0 || salt_bytes > limits::imported_hash_salt_bytes) {
        return invalid_hash(scheme, "has a salt of " + std::to_string(salt_bytes) + " bytes; 1 to " +
                                        std::to_string(limits::imported_hash_salt_bytes) + " are possible");
    }
    if (digest_bytes < limits::imported_hash_digest_bytes_least || digest_bytes > limits::imported_hash_digest_bytes) {
        return invalid_hash(scheme, "has a digest of " + std::to_string(digest_bytes) + " bytes; " +
                                        std::to_string(limits::imported_hash_digest_bytes_least) + " to " +
                                        std::to_string(limits::imported_hash_digest_bytes) + " are possible");
    }
    return {};
}

Error out_of_memory(std::uint64_t kib) {
    return unavailable("There is not enough memory for a password hash of " + std::to_string(kib / 1024) +
                       " MiB; give the process more, or lower the number of hash workers");
}

}  // namespace postern::crypto
