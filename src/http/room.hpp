// http: connections, and nothing of what they are for.
//
// Owns    sockets, TLS, the parsing and its limits, deadlines, the router, lanes, request ids, the access log, metrics.
// Never   knows accounts or tokens; includes base only.
// Holds   - every read and write has a deadline, every buffer and queue a bound;
//         - a request is refused for its size before it is read, and an unread body is never taken for the next
//         request;
//         - an accepted request is answered, also during shutdown;
//         - an exception in a handler becomes a logged 500 at the edge, and the next request is served.
#pragma once

namespace postern::http {}
