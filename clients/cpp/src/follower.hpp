// Holds the feed's connection, and makes a new one when it ends.
#pragma once

#include <condition_variable>
#include <mutex>
#include <random>

#include "base/clock.hpp"
#include "feed.hpp"
#include "http.hpp"

namespace postern::client {

class Follower {
public:
    Follower(const VerifierOptions& options, Lists& lists, const Clock& clock, std::function<void()> keys_changed);

    // Until stop(), on the caller's thread.
    void run();
    // By any thread.
    void stop();

private:
    class Connection;
    // Until the connection ends; how long to wait before the next.
    Milliseconds follow_once();
    [[nodiscard]] Milliseconds pause(Milliseconds least);

    const VerifierOptions& options_;
    Feed feed_;
    HttpStream stream_;
    Milliseconds first_pause_{1000};
    unsigned failures_ = 0;
    std::minstd_rand random_{std::random_device{}()};
    std::mutex mutex_;
    std::condition_variable stopped_;
};

}  // namespace postern::client
