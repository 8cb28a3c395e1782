#include "follower.hpp"

#include <algorithm>

namespace postern::client {
namespace {

constexpr auto longest_pause = Milliseconds(30'000);
constexpr auto refused_pause = Milliseconds(30'000);  // somebody has to change something first

}  // namespace

class Follower::Connection final : public HttpStream::Reader {
public:
    Connection(Feed& feed, Milliseconds stale_after)
        : feed_(feed), stale_after_(stale_after), began_at_(std::chrono::steady_clock::now()) {}

    void connected() override {
        connected_ = true;
        feed_.connected(std::chrono::steady_clock::now());
    }
    bool read(std::string_view bytes) override {
        const auto now = std::chrono::steady_clock::now();
        const auto done = parser_.read(bytes, [&](const Event& event) { return feed_.apply(event, now); });
        if (!done.has_value()) error_ = done.error();
        return done.has_value();
    }
    // A connection over which nothing comes that must come by itself is as good as none.
    bool goes_on() override {
        const auto since = connected_ ? feed_.moved_at() : began_at_;
        silent_ = std::chrono::steady_clock::now() - since > stale_after_;
        return !silent_;
    }

    [[nodiscard]] const std::optional<Error>& error() const { return error_; }
    [[nodiscard]] bool is_silent() const { return silent_; }
    [[nodiscard]] bool was_well() const { return connected_ && feed_.moved_at() > began_at_ && feed_.is_whole(); }
    [[nodiscard]] std::optional<Milliseconds> retry() const { return parser_.retry(); }

private:
    Feed& feed_;
    const Milliseconds stale_after_;
    const Steady began_at_;
    EventParser parser_;
    std::optional<Error> error_;
    bool connected_ = false;
    bool silent_ = false;
};

Follower::Follower(const VerifierOptions& options, Lists& lists, const Clock& clock, std::function<void()> keys_changed)
    : options_(options),
      feed_(options.issuer, lists, std::chrono::duration_cast<Milliseconds>(options.stale_after), clock,
            std::move(keys_changed)),
      stream_(options) {}

void Follower::run() {
    while (!stream_.is_stopping()) {
        const Milliseconds wait = follow_once();
        std::unique_lock lock(mutex_);
        stopped_.wait_for(lock, wait, [this] { return stream_.is_stopping(); });
    }
}

void Follower::stop() {
    {
        const std::lock_guard lock(mutex_);
        stream_.stop();
    }
    stopped_.notify_all();
}

Milliseconds Follower::follow_once() {
    Connection connection(feed_, std::chrono::duration_cast<Milliseconds>(options_.stale_after));
    bool refused = false;
    const auto position = feed_.position();
    std::string problem = stream_.follow(position ? &*position : nullptr, connection, refused);
    const auto& error = connection.error();
    const bool was_cut = error && error->code == "cut";
    feed_.disconnected(error && !was_cut);
    if (error) problem = was_cut ? "the server ended it: " + error->message : error->message;
    if (connection.is_silent()) problem = "nothing comes over it";
    refused = refused || (was_cut && error->message == "unauthorized");
    if (const auto retry = connection.retry()) first_pause_ = std::clamp(*retry, Milliseconds(100), longest_pause);
    if (connection.was_well()) failures_ = 0;
    if (options_.log && !stream_.is_stopping()) options_.log("There is no revocation feed: " + problem);
    return pause(refused ? refused_pause : Milliseconds(0));
}

Milliseconds Follower::pause(Milliseconds least) {
    const auto longest = std::min(longest_pause, first_pause_ * (1L << failures_));
    // Full jitter at first, so that a server that restarts does not meet all of us at once.
    std::uniform_int_distribution<std::int64_t> between(failures_ == 0 ? 0 : longest.count() / 2, longest.count());
    failures_ = std::min(failures_ + 1, 10U);
    return std::max(least, Milliseconds(between(random_)));
}

}  // namespace postern::client
