// Who is told that a signing key was added or changed; what is behind core::Store::on_keys_changed().
#pragma once

#include <functional>
#include <mutex>
#include <utility>

namespace postern::store {

// Thread-safe.
class KeysListener {
public:
    void set(std::function<void()> changed) {
        const std::lock_guard lock(mutex_);
        changed_ = std::move(changed);
    }
    // Under the lock, so that once set() has returned the former callback is not running.
    void tell() {
        const std::lock_guard lock(mutex_);
        if (changed_) changed_();
    }

private:
    std::mutex mutex_;
    std::function<void()> changed_;
};

}  // namespace postern::store
