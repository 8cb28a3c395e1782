// Who is told of a change; what is behind core::Store::on_keys_changed() and its likes.
#pragma once

#include <functional>
#include <mutex>
#include <utility>

namespace postern::store {

// `What` is what it is told, if anything. Thread-safe.
template <typename... What>
class Listener {
public:
    void set(std::function<void(const What&...)> changed) {
        const std::lock_guard lock(mutex_);
        changed_ = std::move(changed);
    }
    // Under the lock, so that once set() has returned the former callback is not running.
    void tell(const What&... what) {
        const std::lock_guard lock(mutex_);
        if (changed_) changed_(what...);
    }

private:
    std::mutex mutex_;
    std::function<void(const What&...)> changed_;
};

using ChangeListener = Listener<>;

}  // namespace postern::store
