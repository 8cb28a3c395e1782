#include "app/key_keeper.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/limits.hpp"
#include "base/log.hpp"

namespace postern::app {
namespace {

using http::Sample;

double seconds(Milliseconds time) {
    return std::chrono::duration<double>(time).count();
}

std::string name_of(const core::StoredKey& key) {
    return std::string(core::word(key.purpose)) + " " + key.kid;
}

}  // namespace

KeyKeeper::KeyKeeper(crypto::KeyRing& ring, const core::KeyVault& vault, core::RotationPolicy policy,
                     const Clock& clock)
    : ring_(ring), vault_(vault), policy_(policy), clock_(clock), generation_(ring.generation()) {}

KeyKeeper::~KeyKeeper() {
    stop();
}

void KeyKeeper::start(core::Store& store) {
    store_ = &store;
    store.on_keys_changed([this] {
        const std::lock_guard lock(mutex_);
        changed_ = true;
        woken_.notify_one();
    });
    thread_ = std::thread([this] { run(); });
}

void KeyKeeper::stop() {
    {
        const std::lock_guard lock(mutex_);
        stops_ = true;
    }
    woken_.notify_one();
    if (thread_.joinable()) thread_.join();
    Waiters waiters;
    {
        const std::lock_guard lock(mutex_);
        waiters.swap(waiters_);
    }
    for (auto& done : waiters) done(unavailable("The server is stopping"));
}

void KeyKeeper::catch_up(core::Store::Done done) {
    {
        const std::lock_guard lock(mutex_);
        if (!stops_) {
            waiters_.push_back(std::move(done));
            woken_.notify_one();
            return;
        }
    }
    done(unavailable("The server is stopping"));
}

void KeyKeeper::run() {
    for (;;) {
        Waiters waiters;
        const Task task = wait(waiters);
        if (task == Task::stop) return;
        if (task == Task::read || load_fails_) {
            // Everyone in `waiters` asked before this look begins.
            const Result<void> outcome = load();
            for (auto& done : waiters) done(outcome);
            if (!outcome.has_value()) continue;
        }
        rotate();
    }
}

KeyKeeper::Task KeyKeeper::wait(Waiters& waiters) {
    std::unique_lock lock(mutex_);
    for (;;) {
        if (stops_) return Task::stop;
        const auto now = Steady::now();
        const bool may_wait_no_longer = !waiters_.empty() && now >= next_waiters_;
        if (changed_ || may_wait_no_longer || now >= next_look_) break;
        woken_.wait_until(lock, waiters_.empty() ? next_look_ : std::min(next_look_, next_waiters_));
    }
    const auto now = Steady::now();
    waiters.swap(waiters_);
    next_look_ = now + limits::key_rotation_interval;
    if (!waiters.empty()) next_waiters_ = now + limits::unknown_key_interval;
    return std::exchange(changed_, false) || !waiters.empty() ? Task::read : Task::rotate;
}

// Whoever waits for the keys does not wait for longer than for the revocations, however slow the store is; and one look
// at a time waits there.
Result<std::vector<core::StoredKey>> KeyKeeper::read_keys() {
    using Keys = Result<std::vector<core::StoredKey>>;
    const auto is_late = [this] { return reading_.wait_for(limits::feed_catch_up_time) != std::future_status::ready; };
    const Error too_slow = unavailable("The database is too slow to say which keys there are");
    if (reading_.valid()) {
        if (is_late()) return too_slow;
        (void)reading_.get();  // from before those who wait now had asked
    }
    auto found = std::make_shared<std::vector<core::StoredKey>>();
    auto done = std::make_shared<std::promise<Keys>>();
    reading_ = done->get_future();
    store_->read(
        [found](core::Reader& reader) -> Result<void> {
            *found = TRY(reader.list_keys());
            return {};
        },
        [found, done](Result<void> outcome) {
            done->set_value(outcome.has_value() ? Keys(std::move(*found)) : Keys(std::move(outcome.error())));
        });
    if (is_late()) return too_slow;
    return reading_.get();
}

Result<void> KeyKeeper::load() {
    auto keys = read_keys();
    Result<void> outcome;
    if (keys.has_value()) {
        outcome = ring_.load(*keys);
    } else {
        outcome = std::move(keys.error());
    }
    if (!outcome.has_value()) {
        // Told once: every other second would bury the rest of the log.
        if (!load_fails_.exchange(true)) log::error("keys_not_reloaded", {{"error", outcome.error().message}});
        return outcome;
    }
    load_fails_ = false;
    if (std::exchange(generation_, ring_.generation()) != ring_.generation()) log::info("keys_reloaded");
    const std::lock_guard lock(mutex_);
    keys_ = std::move(*keys);
    return outcome;
}

// Not waited for: on PostgreSQL it may stand behind another node's for a while, and keys must be read meanwhile.
void KeyKeeper::rotate() {
    if (!core::is_rotation_due(keys_, policy_, clock_.now()) || rotating_.exchange(true)) return;
    auto changed = std::make_shared<std::vector<core::StoredKey>>();
    store_->write(
        [this, changed](core::Transaction& transaction) -> Result<void> {
            *changed = TRY(core::rotate_due_keys(transaction, vault_, policy_, actor_, clock_.now()));
            return {};
        },
        [this, changed](const Result<void>& outcome) { finish_rotation(outcome, *changed); });
}

void KeyKeeper::finish_rotation(const Result<void>& outcome, const std::vector<core::StoredKey>& changed) {
    if (outcome.has_value()) {
        rotation_fails_ = false;
        for (const core::StoredKey& key : changed) {
            log::info("key_rotation", {{"key", name_of(key)}, {"state", core::word(key.state)}});
            if (key.state == core::KeyState::active) ++rotations_;
        }
    } else {
        ++failures_;
        if (!rotation_fails_.exchange(true)) log::error("keys_not_rotated", {{"error", outcome.error().message}});
    }
    rotating_ = false;
}

std::vector<Sample> KeyKeeper::samples() const {
    std::vector<core::StoredKey> keys;
    {
        const std::lock_guard lock(mutex_);
        keys = keys_;
    }
    const Timestamp now = clock_.now();
    std::map<std::pair<core::KeyPurpose, core::KeyState>, Milliseconds> ages;
    std::map<core::KeyPurpose, Milliseconds> ends;
    for (const core::StoredKey& key : keys) {
        auto& age = ages[{key.purpose, key.state}];
        age = std::max(age, std::chrono::duration_cast<Milliseconds>(now - key.created_at));
        if (key.state != core::KeyState::retired || !key.expires_at) continue;
        const auto left = std::chrono::duration_cast<Milliseconds>(*key.expires_at - now);
        const auto [place, is_first] = ends.emplace(key.purpose, left);
        if (!is_first) place->second = std::min(place->second, left);
    }
    std::vector<Sample> samples;
    const auto add = [&](std::string name, std::string help, double value, core::KeyPurpose purpose) -> Sample& {
        return samples.emplace_back(Sample{std::move(name),
                                           std::move(help),
                                           value,
                                           Sample::Kind::gauge,
                                           {{"purpose", std::string(core::word(purpose))}}});
    };
    for (const auto& [place, age] : ages) {
        add("postern_key_age_seconds", "Since the oldest key of that purpose and state was made", seconds(age),
            place.first)
            .labels.emplace_back("state", core::word(place.second));
    }
    for (const auto& [purpose, left] : ends) {
        add("postern_key_expires_in_seconds", "Until the first retired key of that purpose is forgotten", seconds(left),
            purpose);
    }
    for (const core::KeyPurpose purpose : core::rotating_purposes) {
        const auto due = core::find_rotation_time(keys, purpose, policy_);
        if (!due) continue;
        add("postern_key_rotates_in_seconds", "Until the active key is replaced; below zero: it should have been",
            seconds(std::chrono::duration_cast<Milliseconds>(*due - now)), purpose);
    }
    samples.push_back({"postern_key_rotations_total", "Keys that this node has put in the place of others",
                       static_cast<double>(rotations_), Sample::Kind::counter});
    samples.push_back({"postern_key_rotation_failures_total", "Attempts to rotate that failed",
                       static_cast<double>(failures_), Sample::Kind::counter});
    return samples;
}

void add_key_metrics(http::Metrics& metrics, const KeyKeeper& keeper) {
    metrics.add_collector([&keeper] { return keeper.samples(); });
}

}  // namespace postern::app
