// cli: the command line, one file per command group.
//
// Owns    what a command is called, what it takes, prints and exits with; reading a password from a terminal.
// Never   opens a store, reads the configuration or a key itself: app hands all that in (workplace.hpp). Speaks to
//         core, not over HTTP, so it works whether or not a server runs. Includes base and core.
// Holds   - a password is read from standard input or a terminal, never from an argument;
//         - standard output carries results only; errors go to standard error, each with what to do next;
//         - the exit statuses of docs/cli.md: 0 done, 1 refused, 2 wrongly asked, 3 could not be done now.
#pragma once

namespace postern::cli {}
