// Wall-clock time in milliseconds, behind a port so that tests own it.
#pragma once

#include <atomic>
#include <chrono>

namespace postern {

using Milliseconds = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;
using Timestamp = std::chrono::sys_time<Milliseconds>;

inline std::int64_t to_milliseconds(Timestamp time) {
    return time.time_since_epoch().count();
}
inline Timestamp from_milliseconds(std::int64_t count) {
    return Timestamp(Milliseconds(count));
}
inline std::int64_t to_seconds(Timestamp time) {
    return std::chrono::floor<Seconds>(time).time_since_epoch().count();
}
inline Timestamp from_seconds(std::int64_t count) {
    return Timestamp(Seconds(count));
}

// Thread-safe.
class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Timestamp now() const = 0;
};

class SystemClock final : public Clock {
public:
    [[nodiscard]] Timestamp now() const override {
        return std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
    }
};

// Stands still until told to move; for tests.
class FakeClock final : public Clock {
public:
    explicit FakeClock(Timestamp start = from_seconds(1'800'000'000)) : now_(to_milliseconds(start)) {}
    [[nodiscard]] Timestamp now() const override { return from_milliseconds(now_.load()); }
    void advance(Milliseconds by) { now_ += by.count(); }

private:
    std::atomic<std::int64_t> now_;
};

}  // namespace postern
