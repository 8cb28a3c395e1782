// Keeps the key ring in step with the store: after a key was made, retired, revoked or sealed anew, here or elsewhere.
#pragma once

#include <atomic>
#include <mutex>

#include "core/store.hpp"
#include "crypto/key_ring.hpp"

namespace postern::app {

// Thread-safe. Both must outlive the store's threads; the follower must outlive the store.
class KeyFollower {
public:
    explicit KeyFollower(crypto::KeyRing& ring) : ring_(ring) {}

    void follow(core::Store& store);
    // Tries again what has failed; call it now and then.
    void retry(core::Store& store);

private:
    void reload(core::Store& store);
    void finish(core::Store& store, const Result<void>& outcome);

    crypto::KeyRing& ring_;
    std::atomic<bool> failed_ = false;
    std::mutex mutex_;
    bool reading_ = false;
    bool again_ = false;  // the keys changed while they were being read
};

}  // namespace postern::app
