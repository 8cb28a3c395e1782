#include "postern/verifier.hpp"

#include <algorithm>
#include <condition_variable>
#include <stdexcept>
#include <thread>

#include "address.hpp"
#include "checker.hpp"
#include "follower.hpp"
#include "http.hpp"

namespace postern {
namespace {

constexpr auto upkeep_interval = std::chrono::milliseconds(250);

VerifierOptions checked(VerifierOptions options) {
    client::check_address(options.issuer, options.allow_plain_http);
    if (options.audience.empty()) throw std::invalid_argument("audience is empty: then no token would be for this API");
    if (options.client_id.empty() != options.client_secret.empty()) {
        throw std::invalid_argument("client_id and client_secret go together");
    }
    const auto zero = std::chrono::milliseconds(0);
    if (options.stale_after <= zero || options.poll_interval <= zero || options.request_timeout <= zero) {
        throw std::invalid_argument("stale_after, poll_interval and request_timeout must be above 0");
    }
    return options;
}

}  // namespace

std::string_view word(Outcome outcome) {
    switch (outcome) {
        case Outcome::accepted: return "accepted";
        case Outcome::invalid_token: return "invalid_token";
        case Outcome::token_expired: return "token_expired";
        case Outcome::token_revoked: return "token_revoked";
        case Outcome::unavailable: return "unavailable";
    }
    return "";
}

bool Claims::has_role(std::string_view role) const {
    return std::ranges::find(roles, role) != roles.end();
}

bool Claims::has_scope(std::string_view scope) const {
    return std::ranges::find(scopes, scope) != scopes.end();
}

class Verifier::Running {
public:
    explicit Running(VerifierOptions given)
        : options(checked(std::move(given))), source(options), checker(options, source, clock) {
        upkeep_ = std::thread([this] { keep_up(); });
        if (options.client_id.empty()) return;
        follower_ = std::make_unique<client::Follower>(options, checker.lists(), clock, [this] {
            checker.keys_changed();
            wake();
        });
        following_ = std::thread([this] { follower_->run(); });
    }

    ~Running() {
        stopping_ = true;
        source.stop();
        wake();
        if (follower_) follower_->stop();
        if (following_.joinable()) following_.join();
        upkeep_.join();
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    const VerifierOptions options;
    SystemClock clock;
    client::HttpSource source;
    client::Checker checker;

private:
    void keep_up() {
        while (!stopping_) {
            checker.keep_up();
            std::unique_lock lock(mutex_);
            woken_.wait_for(lock, upkeep_interval, [this] { return wake_ || stopping_; });
            wake_ = false;
        }
    }
    void wake() {
        {
            const std::lock_guard lock(mutex_);
            wake_ = true;
        }
        woken_.notify_all();
    }

    std::atomic<bool> stopping_ = false;
    std::mutex mutex_;
    std::condition_variable woken_;
    bool wake_ = false;
    std::unique_ptr<client::Follower> follower_;
    std::thread upkeep_;
    std::thread following_;
};

Verifier::Verifier(VerifierOptions options) : running_(std::make_unique<Running>(std::move(options))) {}

Verifier::~Verifier() = default;

Check Verifier::check(std::string_view token) const {
    return running_->checker.check(token);
}

bool Verifier::wait_until_ready(std::chrono::milliseconds limit) const {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (true) {
        const Status now = status();
        if (now.has_keys && (now.feed_is_live || running_->options.client_id.empty())) return true;
        if (std::chrono::steady_clock::now() >= deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

Status Verifier::status() const {
    auto& checker = running_->checker;
    return {.has_keys = checker.has_keys(),
            .feed_is_live = checker.lists().feed_is_live(std::chrono::steady_clock::now()),
            .lists = checker.lists().count()};
}

}  // namespace postern
