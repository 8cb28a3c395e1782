// Lets one chosen allocation of C++ fail, in a test program: replaces operator new, so one file of a program includes
// it. C libraries are not asked. ThreadSanitizer brings operators of its own; there nothing fails (can_fail).
#pragma once

#include <atomic>
#include <cstdlib>
#include <new>

namespace postern::failing_new {

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define POSTERN_OWN_NEW
#endif
#endif

#ifdef POSTERN_OWN_NEW
inline constexpr bool can_fail = false;
#else
inline constexpr bool can_fail = true;
#endif

// Set it to n, and the nth allocation from now throws std::bad_alloc; 0 or less: none does.
inline std::atomic<int> next = 0;
// This thread's allocations do not count.
inline thread_local bool spared = false;

inline bool is_refused() {
    if (spared || next.load(std::memory_order_relaxed) <= 0) return false;
    return next.fetch_sub(1) == 1;
}

// After it, none fails. Whether one did.
inline bool has_failed() {
    return next.exchange(0) <= 0;
}

}  // namespace postern::failing_new

#ifndef POSTERN_OWN_NEW
// NOLINTBEGIN(misc-definitions-in-headers): the one file that includes it is where they belong.
// Not inline: GCC would hold each free() beside a new for a mistake.
[[gnu::noinline]] void* operator new(std::size_t size) {
    void* const memory = postern::failing_new::is_refused() ? nullptr : std::malloc(size);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
// NOLINTEND(misc-definitions-in-headers)
#endif
