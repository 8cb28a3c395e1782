// How long a failed password check has to take, so that its time does not tell which kind of hash an account has: one
// that was imported is cheaper or dearer to check than our own, and than the dummy of an unknown address.
//
// While accounts have hashes of more than one scheme, a failure is held back until the dearest of them would have been
// done too, with some to spare for a machine that is busy. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <string>

#include "base/result.hpp"
#include "core/hasher.hpp"
#include "core/login.hpp"
#include "core/store.hpp"

namespace postern::core {

class TimingFloor {
public:
    using Duration = std::chrono::microseconds;

    // From the beginning of the hashing to the answer, at least; zero while there is nothing to hide.
    [[nodiscard]] Duration of(const PasswordCheck& failed) const noexcept;

    // Asks which schemes accounts have, and measures those that are new by checking a wrong password against one of
    // their hashes. Takes as long as that does; one caller at a time. Errors: those of the store.
    Result<void> measure(Store& store, const Hasher& hasher);

private:
    std::map<std::string, Duration> costs_;  // by scheme, of what was ever measured
    std::atomic<Duration::rep> floor_ = 0;
};

}  // namespace postern::core
