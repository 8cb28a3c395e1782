// Which client calls: the only door to AuthenticatedClient.
#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "core/records.hpp"
#include "core/store.hpp"

namespace postern::core {

// A client that has proven itself a moment ago.
class AuthenticatedClient {
public:
    [[nodiscard]] const Client& client() const { return *client_; }

private:
    friend class ClientDirectory;
    explicit AuthenticatedClient(std::shared_ptr<const Client> client) : client_(std::move(client)) {}
    std::shared_ptr<const Client> client_;
};

// All clients, in memory, so that asking about a token touches no database. Thread-safe; app loads it at start and
// whenever a client has changed, here or elsewhere.
class ClientDirectory {
public:
    void load(std::vector<Client> clients);

    // In the same time whether there is such a client or not. Errors: unauthenticated "invalid_client".
    [[nodiscard]] Result<AuthenticatedClient> authenticate(std::string_view client_id, std::string_view secret) const;
    // Whether what was proven still holds: the client is there, enabled, and has the same secret. For answers that go
    // on for long.
    [[nodiscard]] bool is_current(const AuthenticatedClient& client) const;

private:
    using Clients = std::unordered_map<ClientId, std::shared_ptr<const Client>>;
    [[nodiscard]] std::shared_ptr<const Client> find(const ClientId& id) const;

    mutable std::mutex mutex_;  // guards the pointer
    std::shared_ptr<const Clients> clients_ = std::make_shared<const Clients>();
};

// Brings the directory up to the store's. Implemented by src/app. Thread-safe.
class ClientUpdater {
public:
    virtual ~ClientUpdater() = default;
    // `done` runs, on another thread, once every client is known here as it was committed before this call; it must not
    // block. Errors: unavailable.
    virtual void catch_up(Store::Done done) = 0;
};

}  // namespace postern::core
