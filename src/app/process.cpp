#include "app/process.hpp"

#include <link.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <ctime>
#include <span>

#include "base/random.hpp"

namespace postern::app {
namespace {

sigset_t set_of(std::initializer_list<int> signals) {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : signals) sigaddset(&set, signal);
    return set;
}

// Then the loader has written into pages that say they are read-only; they would come back as they are in the file.
bool has_relocated_code(const dl_phdr_info& object) {
    for (const ElfW(Phdr) & segment : std::span(object.dlpi_phdr, object.dlpi_phnum)) {
        if (segment.p_type != PT_DYNAMIC) continue;
        const auto* entry = reinterpret_cast<const ElfW(Dyn)*>(object.dlpi_addr + segment.p_vaddr);
        for (; entry->d_tag != DT_NULL; ++entry) {
            if (entry->d_tag == DT_TEXTREL) return true;
            if (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL) != 0) return true;
        }
    }
    return false;
}

void give_back_read_only_pages(const dl_phdr_info& object) {
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    for (const ElfW(Phdr) & segment : std::span(object.dlpi_phdr, object.dlpi_phnum)) {
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
        const std::uintptr_t begin = object.dlpi_addr + segment.p_vaddr;
        const std::uintptr_t first = begin & ~(page - 1);
        madvise(reinterpret_cast<void*>(first), begin + segment.p_memsz - first, MADV_DONTNEED);
    }
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

void give_back_start_up_pages() {
    dl_iterate_phdr(
        [](dl_phdr_info* object, std::size_t, void*) {
            if (!has_relocated_code(*object)) give_back_read_only_pages(*object);
            return 0;
        },
        nullptr);
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
