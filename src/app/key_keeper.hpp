// Keeps the key ring in step with the store, and the keys of the store in step with time.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "core/key_rotation.hpp"
#include "core/store.hpp"
#include "crypto/key_ring.hpp"
#include "http/metrics.hpp"

namespace postern::app {

// A thread of its own between start() and stop(). It reads the keys when they have changed, here or elsewhere, and when
// somebody meets a token of a key that is not known here. Every limits::key_rotation_interval it rotates what is due,
// which any node may do and only one does. What fails is logged, and tried again. Thread-safe.
class KeyKeeper final : public core::KeyUpdater {
public:
    // What it is given must outlive it; `vault` only until the store goes.
    KeyKeeper(crypto::KeyRing& ring, const core::KeyVault& vault, core::RotationPolicy policy, const Clock& clock);
    ~KeyKeeper() override;
    KeyKeeper(const KeyKeeper&) = delete;
    KeyKeeper& operator=(const KeyKeeper&) = delete;

    // `store` must not go before stop().
    void start(core::Store& store);
    // Whoever waits is told that there is nothing to wait for.
    void stop();

    void catch_up(core::Store::Done done) override;
    [[nodiscard]] bool is_current() const override { return !load_fails_; }

    [[nodiscard]] const core::RotationPolicy& policy() const { return policy_; }
    // For Prometheus.
    [[nodiscard]] std::vector<http::Sample> samples() const;

private:
    using Waiters = std::vector<core::Store::Done>;
    using Steady = std::chrono::steady_clock;

    void run();
    // What there is to do: nothing any more, see what is due, or read the keys first.
    enum class Task { stop, rotate, read };
    Task wait(Waiters& waiters);
    Result<void> load();
    Result<std::vector<core::StoredKey>> read_keys();
    void rotate();
    void finish_rotation(const Result<void>& outcome, const std::vector<core::StoredKey>& changed);

    crypto::KeyRing& ring_;
    const core::KeyVault& vault_;
    const core::RotationPolicy policy_;
    const Clock& clock_;
    const core::Actor actor_{"system", "", ""};
    core::Store* store_ = nullptr;

    std::atomic<std::int64_t> rotations_ = 0;
    std::atomic<std::int64_t> failures_ = 0;
    std::atomic<bool> rotating_ = false;
    std::atomic<bool> rotation_fails_ = false;
    std::atomic<bool> load_fails_ = false;
    // Of the thread alone.
    std::future<Result<std::vector<core::StoredKey>>> reading_;  // the last look gave up on it
    std::uint64_t generation_ = 0;

    mutable std::mutex mutex_;
    std::condition_variable woken_;
    std::vector<core::StoredKey> keys_;  // as they were read last; written by the thread alone
    Waiters waiters_;
    Steady::time_point next_look_;     // whether something is due
    Steady::time_point next_waiters_;  // not before, for those who wait
    bool changed_ = true;              // since they were read: none have been yet
    bool stops_ = false;
    std::thread thread_;
};

// `keeper` must outlive every call of metrics.text().
void add_key_metrics(http::Metrics& metrics, const KeyKeeper& keeper);

}  // namespace postern::app
