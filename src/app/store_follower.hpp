// Keeps something in memory in step with the store, such as the directory of clients: after a row of it has changed,
// here or elsewhere. Keys need more than that; see key_keeper.hpp.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>

#include "core/store.hpp"

namespace postern::app {

// Thread-safe. Outlives the store, whose threads call it.
class StoreFollower {
public:
    // `what` names it in the log, such as "clients". `load` reads the rows and puts them in place; it runs on threads
    // of the store, one at a time.
    StoreFollower(std::string what, core::Store::ReadWork load) : what_(std::move(what)), load_(std::move(load)) {}

    void reload(core::Store& store);
    // Tries again what has failed; call it now and then.
    void retry(core::Store& store);

private:
    void finish(core::Store& store, const Result<void>& outcome);

    const std::string what_;
    const core::Store::ReadWork load_;
    std::atomic<bool> failed_ = false;
    std::mutex mutex_;
    bool reading_ = false;
    bool again_ = false;  // something changed while it was being read
};

}  // namespace postern::app
