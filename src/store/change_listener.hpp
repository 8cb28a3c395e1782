// Who is told of a change; what is behind core::Store::on_keys_changed() and on_outbox_changed().
#pragma once

#include <functional>
#include <mutex>
#include <utility>

namespace postern::store {

// Thread-safe.
class ChangeListener {
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
