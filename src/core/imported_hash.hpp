// The port that reads password hashes of other systems. Implemented by src/crypto. Stateless and thread-safe; computes
// no password hash, so a million of them are read in seconds.
//
// Whatever comes in, comes out as one canonical text, which is what the store keeps, Hasher::verify() reads,
// Hasher::scheme() names, and import_hash() takes again:
//
//   $argon2id$v=19$m=19456,t=2,p=1$<salt>$<digest>      PHC; also argon2i, argon2d, v=16
//   $2b$12$<salt and digest, 53 characters>             bcrypt; also $2a$ and $2y$, as they came
//   $bcrypt-sha256$2b$12$<53 characters>                Django's: bcrypt of the SHA-256 in hexadecimal
//   $pbkdf2-sha256$i=600000$<salt>$<digest>             also pbkdf2-sha1 and pbkdf2-sha512
//   $scrypt$ln=15,r=8,p=1$<salt>$<digest>
//   $wrapped$m=19456,t=2,p=1$<salt>$<digest>$l=32$pbkdf2-sha256$i=600000$<salt>
//                                                       Hasher::wrap(): Argon2id over a digest of l bytes that is not
//                                                       kept, and how to compute that one from the password
//
// Salts and digests are base64 without padding; bcrypt keeps its own alphabet.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace postern::core {

// What Keycloak's credentials hold, after their base64 is undone.
struct Pbkdf2Parts {
    std::string_view digest;  // sha1, sha256, sha512
    std::uint64_t iterations = 0;
    std::span<const std::uint8_t> salt;
    std::span<const std::uint8_t> hash;
};

struct Argon2Parts {
    std::string_view variant;  // id, i, d
    std::string_view version;  // 1.3, 1.0
    std::uint64_t memory_kib = 0;
    std::uint64_t iterations = 0;
    std::uint64_t lanes = 1;
    std::span<const std::uint8_t> salt;
    std::span<const std::uint8_t> hash;
};

class HashImporter {
public:
    virtual ~HashImporter() = default;

    // The errors of all of them, none of which quotes a salt or a digest: invalid_input "unknown_hash_scheme" (also for
    // no scheme at all), "invalid_hash" (of a known scheme, but damaged or of impossible parameters), "hash_too_costly"
    // (checking it would take more than limits::imported_hash_*). Each names the scheme and says what is wrong.

    // Any of:
    //   the canonical texts above, and the same of Passlib ($pbkdf2-sha256$29000$…, $pbkdf2$…, $scrypt$…);
    //   Werkzeug: pbkdf2:sha256:600000$<salt>$<hex> (sha1, sha512), scrypt:32768:8:1$<salt>$<hex>;
    //   Django: pbkdf2_sha256$<n>$<salt>$<base64>, pbkdf2_sha1$…, scrypt$<n>$<salt>$<r>$<p>$<base64>,
    //           argon2$argon2id$…, bcrypt$$2b$…, bcrypt_sha256$$2b$…
    virtual Result<std::string> import_hash(std::string_view text) const = 0;

    virtual Result<std::string> import_pbkdf2(const Pbkdf2Parts& parts) const = 0;
    virtual Result<std::string> import_argon2(const Argon2Parts& parts) const = 0;
};

}  // namespace postern::core
