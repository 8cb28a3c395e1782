// crypto: what keeps secrets secret and signatures true, behind the ports of core.
//
// Owns    password hashes (Argon2id, RFC 9106), the comparable forms of addresses and passwords (UTS #46, RFC 8265),
//         the making of signatures and key pairs, the master key and what is sealed under it, the key ring, the writing
//         of our claims, and the inspection of foreign tokens. What verifying alone needs is in src/verify.
// Never   decides what a claim means, reads the store, or writes a primitive of its own: those are libsodium's and
//         OpenSSL's.
// Holds   - a key has one algorithm and one purpose, and is looked up by both its purpose and its kid;
//         - HS256 exists for our own refresh tokens alone: no other verifier can even name it;
//         - private keys rest encrypted, live in memory that is wiped, and have no way into an error or a log line;
//         - nothing here asserts on, or is slowed beyond its limits by, what a stranger sends.
#pragma once

namespace postern::crypto {}
