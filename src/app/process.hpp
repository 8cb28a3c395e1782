// What this process asks of the kernel.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

namespace postern::app {

// No core dumps and no debugger without root, for memory holds keys and passwords; files for the owner only; libsodium
// ready. Call it first. Errors: internal.
Result<void> harden_process();

// Unmaps the pages of the program and of its libraries, of which most were for the start alone (relocation, the parts
// that a server never calls). The kernel keeps them while it has room, and whatever is called again comes back by a
// minor fault. For a moment without dlopen() on another thread, which would wait. Thread-safe otherwise.
void give_back_start_up_pages();

// The signals of a server, taken from every thread and given to the one that waits for them.
class Signals {
public:
    // Blocks them; call it before any thread starts, since threads inherit that. SIGPIPE is ignored: a client that goes
    // away is an error of its write.
    Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    enum class Event { none, reload, stop };
    // `none` once `time` has passed.
    Event wait(Seconds time);
    // From now on SIGTERM and SIGINT end the process at once.
    void let_the_next_one_kill();
};

}  // namespace postern::app
