// app: configuration and wiring.
//
// Owns    the configuration and its one table of keys, the data directory and its lock, the master key's file, the
//         process (signals, core dumps), `postern serve`, and what `postern doctor` looks at.
// Never   decides a rule of login, session or token; includes every room, and no room includes it.
// Holds   - every key of the configuration is a line of configuration_keys.cpp, from which parsing, the environment,
//           error sentences and docs/configuration.md derive;
//         - a mistake of the operator is one sentence that names the key, the value and what to do, and an exit
//           status other than 0;
//         - a master key is made only for a store that holds no keys, and never implicitly on PostgreSQL;
//         - one server at a time on a SQLite file.
#pragma once

namespace postern::app {}
