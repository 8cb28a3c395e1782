// api: the public interface, one file per flow.
//
// Owns    what a request and an answer look like (messages.hpp), the map of endpoints (routes.cpp), the order of a
//         flow's steps and the lane each of them runs on, and the OpenAPI document.
// Never   decides who may do what (core does), writes SQL, opens a socket, or includes a room other than base, core
//         and http.
// Holds   - a message type is declared once; parsing, serialising and the document all derive from that declaration;
//         - a login that fails costs one read and one hash, whatever the reason, and answers with the same bytes;
//         - a token is signed after its session's commit, and an answer that acknowledges comes after the commit;
//         - what this node cannot know for sure is 503, never 401, so that clients keep their tokens.
#pragma once

namespace postern::api {}
