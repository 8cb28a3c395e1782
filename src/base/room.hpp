// base: the vocabulary of every other room.
//
// Owns    results and errors, typed ids, time, secrets that wipe themselves, random bytes, encodings,
//         strict JSON reading, the log, and the table of limits.
// Never   knows what an account, a token or a socket is; includes no other room.
// Holds   - a failure is a value (`Result`), an exception is a bug;
//         - a secret leaves memory wiped, and has no way into a log line;
//         - every limit of the server is a line in limits.hpp.
#pragma once

namespace postern {}
