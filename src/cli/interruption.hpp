// SIGINT and SIGTERM as a question that a long command asks itself between two steps, so that it ends with its work
// saved. While one of these lives they do not end the process.
#pragma once

#include <signal.h>

#include <array>

namespace postern::cli {

// One at a time.
class Interruption {
public:
    Interruption();
    ~Interruption();
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;

    [[nodiscard]] bool requested() const noexcept;

private:
    static constexpr std::array<int, 2> signals = {SIGINT, SIGTERM};
    std::array<struct sigaction, signals.size()> before_{};
};

}  // namespace postern::cli
