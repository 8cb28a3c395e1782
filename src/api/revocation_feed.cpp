#include "api/revocation_feed.hpp"

#include <pthread.h>

#include <algorithm>

namespace postern::api {
namespace {

// How soon readers learn what nobody tells; see look().
constexpr auto look_interval = std::chrono::milliseconds(250);

}  // namespace

RevocationFeed::RevocationFeed(core::Store& store, const core::Signer& signer, Milliseconds heartbeat,
                               std::size_t most_readers, std::size_t most_of_a_client)
    : store_(store),
      signer_(signer),
      heartbeat_(heartbeat),
      most_readers_(most_readers),
      most_of_a_client_(most_of_a_client),
      keys_generation_(signer.generation()),
      thread_([this] {
          pthread_setname_np(pthread_self(), "feed");
          run();
      }) {
    store_.on_revocations([this](const core::RevocationChange& change) { learn(change); });
}

RevocationFeed::~RevocationFeed() {
    store_.on_revocations(nullptr);
    {
        const std::lock_guard lock(news_mutex_);
        stopping_ = true;
    }
    news_.notify_all();
    thread_.join();
}

void RevocationFeed::learn(const core::RevocationChange& change) {
    log_.append(change);
    {
        const std::lock_guard lock(news_mutex_);
        if (std::exchange(has_news_, true)) return;
    }
    news_.notify_all();
}

void RevocationFeed::run() {
    std::unique_lock lock(news_mutex_);
    while (!stopping_) {
        news_.wait_for(lock, look_interval, [this] { return has_news_ || stopping_; });
        const bool has_news = std::exchange(has_news_, false);
        lock.unlock();
        const bool has_changed = look();
        if (has_news || has_changed) wake_readers();
        const auto readers = static_cast<std::int64_t>(figures().readers);
        lock.lock();
        if (has_news) news_.wait_for(lock, limits::revocation_reader_time * readers, [this] { return stopping_; });
    }
}

// What nobody tells: whether this node still sees its database, and whether the JWK set is another one.
bool RevocationFeed::look() {
    const bool fresh = store_.revocations().is_fresh();
    const bool changed = std::exchange(was_fresh_, fresh) != fresh;
    const std::uint64_t generation = signer_.generation();
    if (std::exchange(keys_generation_, generation) == generation) return changed;
    log_.append_keys_changed();
    return true;
}

void RevocationFeed::wake_readers() {
    const std::lock_guard lock(readers_mutex_);
    for (const auto& wake : wakes_) wake();
}

std::shared_ptr<const RevocationSnapshot> RevocationFeed::snapshot() {
    const std::lock_guard lock(snapshot_mutex_);
    const auto now = std::chrono::steady_clock::now();
    const bool is_young = snapshot_ && now - snapshot_made_ < limits::revocation_snapshot_time;
    // A reader must be able to go on from it.
    const bool is_near = snapshot_ && log_.position() - snapshot_->position < limits::revocation_log_entries / 2;
    if (is_young && is_near) return snapshot_;
    auto made = std::make_shared<RevocationSnapshot>();
    made->position = log_.position();  // before the lists: what changes meanwhile is told after them
    const core::Revocations& revocations = store_.revocations();
    for (const core::ListId& id : revocations.list_ids()) {
        if (auto list = revocations.publish(id)) made->lists.push_back(std::move(*list));
    }
    snapshot_ = std::move(made);
    snapshot_made_ = now;
    return snapshot_;
}

Result<RevocationFeed::Place> RevocationFeed::take_place(const core::ClientId& client) {
    const std::lock_guard lock(readers_mutex_);
    const auto own = readers_of_.find(client);
    if (own != readers_of_.end() && own->second >= most_of_a_client_) {
        ++refused_;
        return throttled("too_many_streams",
                         "The client follows the revocations of this node " + std::to_string(most_of_a_client_) +
                             " times, which is as often as one may; share a stream, or make another client",
                         Seconds(10));
    }
    if (readers_ >= most_readers_) {
        ++refused_;
        return overloaded("As many follow the revocations of this node as may; try again later, or poll the lists",
                          Seconds(10));
    }
    ++readers_;
    ++readers_of_[client];
    return Place(*this, client);
}

void RevocationFeed::Place::wake_with(std::function<void()> wake) {
    const std::lock_guard lock(feed_->readers_mutex_);
    wake_ = feed_->wakes_.insert(feed_->wakes_.end(), std::move(wake));
}

// Waits for a round that is under way, so that nobody is woken who is no more.
RevocationFeed::Place::~Place() {
    if (feed_ == nullptr) return;
    const std::lock_guard lock(feed_->readers_mutex_);
    --feed_->readers_;
    const auto own = feed_->readers_of_.find(client_);
    if (--own->second == 0) feed_->readers_of_.erase(own);
    if (wake_.has_value()) feed_->wakes_.erase(*wake_);
}

RevocationFeed::Figures RevocationFeed::figures() const {
    Figures figures{.refused = refused_, .gaps = gaps_, .changes = log_.position()};
    for (std::size_t i = 0; i < cuts_.size(); ++i) figures.cuts.at(i) = cuts_.at(i);
    const std::lock_guard lock(readers_mutex_);
    figures.readers = readers_;
    return figures;
}

}  // namespace postern::api
