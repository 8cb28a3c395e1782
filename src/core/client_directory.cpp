#include "core/client_directory.hpp"

#include "base/digest.hpp"
#include "base/secret.hpp"

namespace postern::core {

void ClientDirectory::load(std::vector<Client> clients) {
    auto loaded = std::make_shared<Clients>();
    loaded->reserve(clients.size());
    for (Client& client : clients) {
        const ClientId id = client.id;
        loaded->emplace(id, std::make_shared<const Client>(std::move(client)));
    }
    std::shared_ptr<const Clients> replaced = std::move(loaded);
    const std::lock_guard lock(mutex_);
    clients_.swap(replaced);
}

Result<AuthenticatedClient> ClientDirectory::authenticate(std::string_view client_id, std::string_view secret) const {
    const auto id = ClientId::parse(client_id);
    auto client = id.has_value() ? find(*id) : nullptr;
    // Hashed and compared in any case: the answer to an id that is not known must take as long.
    const Digest presented = digest(secret);
    const Digest nobodys{};
    const std::span<const std::uint8_t> expected =
        client != nullptr ? std::span(client->secret_hash) : std::span<const std::uint8_t>(nobodys);
    const bool fits = equal_in_constant_time(presented, expected);
    if (!fits || client == nullptr || client->disabled_at.has_value()) {
        return unauthenticated("invalid_client", "The client is unknown or disabled, or its secret is wrong");
    }
    return AuthenticatedClient(std::move(client));
}

bool ClientDirectory::is_current(const AuthenticatedClient& client) const {
    const auto now = find(client.client().id);
    return now != nullptr && !now->disabled_at.has_value() && now->secret_hash == client.client().secret_hash;
}

std::shared_ptr<const Client> ClientDirectory::find(const ClientId& id) const {
    std::shared_ptr<const Clients> clients;
    {
        const std::lock_guard lock(mutex_);
        clients = clients_;
    }
    const auto found = clients->find(id);
    return found != clients->end() ? found->second : nullptr;
}

}  // namespace postern::core
