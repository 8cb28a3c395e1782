// Keeps the directory of clients in step with the store: after a row of it has changed, here or elsewhere. Keys need
// more than that; see key_keeper.hpp.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "core/client_directory.hpp"
#include "core/store.hpp"

namespace postern::app {

// Thread-safe. Outlives the store, whose threads call it.
class StoreFollower final : public core::ClientUpdater {
public:
    // `what` names it in the log, such as "clients". `load` reads the rows and puts them in place; it runs on threads
    // of the store, one at a time.
    StoreFollower(std::string what, core::Store& store, core::Store::ReadWork load)
        : what_(std::move(what)), store_(store), load_(std::move(load)) {}

    void reload() { catch_up(nullptr); }
    // Tries again what has failed; call it now and then.
    void retry();
    void catch_up(core::Store::Done done) override;

private:
    void read();
    void finish(const Result<void>& outcome);

    const std::string what_;
    core::Store& store_;
    const core::Store::ReadWork load_;
    std::atomic<bool> failed_ = false;
    std::mutex mutex_;
    bool reading_ = false;
    bool again_ = false;                      // somebody asked while it was being read
    std::vector<core::Store::Done> served_;   // by what is being read
    std::vector<core::Store::Done> waiting_;  // for the time after
};

}  // namespace postern::app
