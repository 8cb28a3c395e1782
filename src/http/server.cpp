#include "http/server.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "http/listener.hpp"
#include "http/shard.hpp"
#include "http/shared.hpp"

namespace postern::http {
namespace {

// Every connection is a file descriptor, and the usual soft limit of 1024 is below what we let in. Raising it as far as
// the hard limit allows is what that one is for.
void allow_descriptors(std::size_t connections) {
    constexpr rlim_t others = 256;  // the store's files and connections, the log, the loops
    const rlim_t wanted = connections + others;
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
    limit.rlim_cur = std::min(wanted, limit.rlim_max);
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= wanted) return;
    log::warning("few_file_descriptors", {{"connections", connections}, {"descriptors", limit.rlim_cur}});
}

}  // namespace

class Server::Parts {
public:
    Parts(ServerOptions options, const Router& router, Metrics& metrics)
        : shared(std::move(options), router, metrics) {}

    Shared shared;
    std::vector<std::unique_ptr<Shard>> shards;
    std::unique_ptr<Listener> listener;  // before the shards in death: it works on the first one's loop
    std::uint16_t port = 0;
    bool stopped = false;
};

Server::Server(std::shared_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() {
    stop();
}

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, const Router& router, Metrics& metrics) {
    auto parts = std::make_shared<Parts>(std::move(options), router, metrics);
    Shared& shared = parts->shared;
    shared.proxies = TRY(TrustedProxies::parse(shared.options.trusted_proxies));
    if (shared.options.tls) {
        shared.tls = TRY(Tls::load(shared.options.tls->certificate, shared.options.tls->key));
    }
    allow_descriptors(shared.options.connection_limits.connections);
    const std::size_t threads = std::max<std::size_t>(1, shared.options.io_threads);
    for (std::size_t i = 0; i < threads; ++i) parts->shards.push_back(std::make_unique<Shard>(shared, i));
    parts->listener = TRY(Listener::open(shared, parts->shards));
    parts->port = parts->listener->port();
    parts->listener->start();
    return std::unique_ptr<Server>(new Server(std::move(parts)));
}

std::uint16_t Server::port() const {
    return parts_->port;
}

Result<void> Server::reload_tls() {
    if (parts_->shared.tls == nullptr) {
        return invalid_input("tls_not_configured", "There is no TLS certificate to reload; none is configured");
    }
    return parts_->shared.tls->reload();
}

void Server::stop(std::chrono::milliseconds time) {
    if (std::exchange(parts_->stopped, true)) return;
    const auto deadline = std::chrono::steady_clock::now() + time;
    parts_->shared.stopping = true;
    parts_->listener->stop();
    for (const auto& shard : parts_->shards) shard->leave_idle_connections();
    bool none_left = parts_->shared.connections.wait_for_none(deadline);
    if (!none_left) {
        for (const auto& shard : parts_->shards) shard->cut_connections();
        // What only waited for its peer ends at once; a handler that waits for a lane does not.
        constexpr auto unwinding_time = std::chrono::milliseconds(200);
        none_left = parts_->shared.connections.wait_for_none(std::chrono::steady_clock::now() + unwinding_time);
    }
    for (const auto& shard : parts_->shards) shard->finish();
    if (!none_left) log::warning("shutdown_cut_off", {{"seconds", std::chrono::duration<double>(time).count()}});
    // Threads of lanes and of the store hold on to the loops that they answer to: when a handler was cut off, until it
    // is done; otherwise for the moment that it takes them to let go of what they have posted. So no loop ever dies.
    static std::mutex keeping;
    static std::vector<std::shared_ptr<Parts>>* const kept = new std::vector<std::shared_ptr<Parts>>();
    const std::lock_guard lock(keeping);
    kept->push_back(parts_);
}

}  // namespace postern::http
