// An answer that goes on after its header: the connection asks it for the next bytes whenever the last ones have gone
// out, and otherwise sleeps until the stream wakes it.
//
// Asked on the connection's thread only, so its state needs no lock but for what wakes it. Between two chunks a
// connection holds none of them, so a stream that has nothing to say costs next to nothing.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace postern::http {

class ResponseStream {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    // Why nothing more was asked of it.
    enum class Ending {
        finished,   // it had no more to say
        peer_left,  // the client closed
        too_slow,   // the client did not take a chunk within the write deadline
        shutdown,   // the server stops
    };

    struct Next {
        bool last = false;                       // it ends with this chunk
        TimePoint ask_again = TimePoint::max();  // at the latest; earlier when it is woken. In the past: at once
    };

    virtual ~ResponseStream() = default;

    // Appends at most limits::http_stream_chunk_bytes to `chunk`, or nothing; must not block.
    virtual Next next(std::string& chunk) = 0;
    // Called once, before the first next(). `wake` makes the connection ask again soon: from any thread, as often as
    // one likes, for as long as the stream lives and not after.
    virtual void wake_with(std::function<void()> wake) = 0;
    // The last chunk of a server that stops; may be empty.
    virtual std::string farewell() { return {}; }
    // Called once, last of all.
    virtual void ended(Ending) {}
};

}  // namespace postern::http
