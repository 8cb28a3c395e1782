// verify: what anyone who trusts our tokens needs in order to believe one. The server checks with it, and so does the
// library for C++ (clients/cpp), so that both say the same about every token.
//
// Owns    the form of JWS and JWK (RFC 7515, RFC 7517, RFC 7518, RFC 8037) under the rules of RFC 8725, the checking of
//         signatures, the claims of access tokens as they are read (RFC 9068), and Token Status Lists as they are read.
// Never   signs, holds a private key or a secret, does any I/O, or fetches a key from a place that a token names.
// Holds   - the algorithm comes from the key; a token's `alg` is only ever compared with it;
//         - a key has one algorithm and one purpose, and is looked up by both its purpose and its kid;
//         - no HMAC is on the list of algorithms, so no public key can be taken for the secret of one;
//         - nothing here asserts on, or is slowed beyond its limits by, what a stranger sends.
#pragma once

namespace postern::verify {}
