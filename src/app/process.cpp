#include "app/process.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <ctime>

#include "base/random.hpp"

namespace postern::app {
namespace {

sigset_t set_of(std::initializer_list<int> signals) {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : signals) sigaddset(&set, signal);
    return set;
}

}  // namespace

Result<void> harden_process() {
    umask(S_IRWXG | S_IRWXO);
    const rlimit none{0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0) return internal_error("Cannot switch core dumps off");
#ifndef POSTERN_SANITIZER  // LeakSanitizer attaches to its own process
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return internal_error("Cannot switch core dumps off");
#endif
    if (!prepare_random()) return internal_error("This machine has no source of randomness");
    return {};
}

Signals::Signals() {
    const sigset_t set = set_of({SIGTERM, SIGINT, SIGHUP});
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signal(SIGPIPE, SIG_IGN);
}

Signals::Event Signals::wait(Seconds time) {
    const sigset_t set = set_of({SIGTERM, SIGINT, SIGHUP});
    const timespec longest{.tv_sec = time.count(), .tv_nsec = 0};
    switch (sigtimedwait(&set, nullptr, &longest)) {
        case SIGHUP: return Event::reload;
        case SIGTERM:
        case SIGINT: return Event::stop;
        default: return Event::none;
    }
}

void Signals::let_the_next_one_kill() {
    const sigset_t set = set_of({SIGTERM, SIGINT});
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace postern::app
