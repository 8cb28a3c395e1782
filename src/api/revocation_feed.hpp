// Everybody who follows the revocations of this node (GET /revocations): what there is to tell, how many may listen,
// and who wakes them.
//
// One thread wakes the readers, so that whoever revokes waits for none of them. Between two rounds it pauses, the
// longer the more readers there are: a first change goes out at once, a storm of them in as many pieces as the machine
// can send beside its other work.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/revocation_log.hpp"
#include "core/signer.hpp"
#include "core/store.hpp"

namespace postern::api {

// All lists as of a position: what came after it may be in them, and nothing before it is missing.
struct RevocationSnapshot {
    core::RevocationPosition position = 0;
    std::vector<core::PublishedList> lists;
};

// Thread-safe.
class RevocationFeed {
public:
    // Listens to the store, and looks after the keys of `signer`; both must outlive it. `heartbeat`: between two signs
    // of life on each stream.
    RevocationFeed(core::Store& store, const core::Signer& signer, Milliseconds heartbeat,
                   std::size_t most_readers = limits::revocation_streams,
                   std::size_t most_of_a_client = limits::revocation_streams_per_client);
    ~RevocationFeed();
    RevocationFeed(const RevocationFeed&) = delete;
    RevocationFeed& operator=(const RevocationFeed&) = delete;

    void learn(const core::RevocationChange& change);

    [[nodiscard]] const core::RevocationLog& log() const { return log_; }
    [[nodiscard]] Milliseconds heartbeat() const { return heartbeat_; }
    // Shared by those who ask for one within a second, so that a thousand who come at once cost one.
    [[nodiscard]] std::shared_ptr<const RevocationSnapshot> snapshot();

    // One reader's place among them, given back when it dies.
    class Place {
    public:
        Place(RevocationFeed& feed, const core::ClientId& client) : feed_(&feed), client_(client) {}
        Place(Place&& other) noexcept
            : feed_(std::exchange(other.feed_, nullptr)),
              client_(other.client_),
              wake_(std::exchange(other.wake_, std::nullopt)) {}
        Place& operator=(Place&&) = delete;
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;
        ~Place();
        // `wake` runs on the feed's thread whenever there is something new; it must not block. Once.
        void wake_with(std::function<void()> wake);

    private:
        RevocationFeed* feed_;
        core::ClientId client_;
        std::optional<std::list<std::function<void()>>::iterator> wake_;
    };
    // For a reader in the name of `client`. Errors: overloaded, when there are as many readers as may be; throttled
    // "too_many_streams", when that client has as many as one may.
    Result<Place> take_place(const core::ClientId& client);

    enum class Cut { slow, shutdown, unauthorized };
    void count_cut(Cut cut) { ++cuts_.at(static_cast<std::size_t>(cut)); }
    void count_gap() { ++gaps_; }

    struct Figures {
        std::size_t readers = 0;
        std::uint64_t refused = 0;
        std::uint64_t gaps = 0;
        std::array<std::uint64_t, 3> cuts{};  // by Cut
        core::RevocationPosition changes = 0;
    };
    [[nodiscard]] Figures figures() const;

private:
    void run();
    bool look();
    void wake_readers();

    core::Store& store_;
    const core::Signer& signer_;
    const Milliseconds heartbeat_;
    const std::size_t most_readers_;
    const std::size_t most_of_a_client_;
    core::RevocationLog log_;

    std::mutex news_mutex_;
    std::condition_variable news_;
    bool has_news_ = false;
    bool stopping_ = false;

    mutable std::mutex readers_mutex_;
    std::size_t readers_ = 0;
    std::map<core::ClientId, std::size_t> readers_of_;  // without those that have none
    std::list<std::function<void()>> wakes_;

    std::mutex snapshot_mutex_;
    std::shared_ptr<const RevocationSnapshot> snapshot_;
    std::chrono::steady_clock::time_point snapshot_made_;

    std::atomic<std::uint64_t> refused_ = 0;
    std::atomic<std::uint64_t> gaps_ = 0;
    std::array<std::atomic<std::uint64_t>, 3> cuts_{};

    // Of the thread alone.
    bool was_fresh_ = false;
    std::uint64_t keys_generation_;
    std::thread thread_;
};

}  // namespace postern::api
