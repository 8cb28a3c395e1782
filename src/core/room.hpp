// core: the rules. Who may log in, what a session is, what a token says, what a revocation does.
//
// Owns    the flows as plain synchronous steps (read, hash, write), the records they work on, and the ports that they
//         need from the world: store, hasher, signer, text, clock.
// Never   does I/O, starts a thread, waits, or knows HTTP, SQL, JSON or a cipher. Includes base only.
// Holds   - a write step is a function of one transaction; when it returns an error the transaction is rolled back, so
//           an outcome that must be durable (a reuse that ends its session) is a value, never an error;
//         - every such transaction touches account, then session, then slot;
//         - whatever ends trust goes through revocation.hpp: slots, sessions and the audit record in one transaction;
//         - only access.cpp can make a SignedIn or an Admin.
#pragma once

namespace postern::core {}
