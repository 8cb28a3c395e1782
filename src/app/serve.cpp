#include "app/serve.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "api/identity_lines.hpp"
#include "api/revocation_feed.hpp"
#include "api/routes.hpp"
#include "app/audit_thread.hpp"
#include "app/data_directory.hpp"
#include "app/deliveries.hpp"
#include "app/key_keeper.hpp"
#include "app/listen_address.hpp"
#include "app/process.hpp"
#include "app/revocation_metrics.hpp"
#include "app/store_follower.hpp"
#include "app/store_metrics.hpp"
#include "app/throttle_keeper.hpp"
#include "app/version.hpp"
#include "app/workplace.hpp"
#include "base/log.hpp"
#include "core/access.hpp"
#include "core/clients.hpp"
#include "crypto/hash_memory.hpp"
#include "crypto/icu_text.hpp"
#include "crypto/key_memory.hpp"
#include "http/server.hpp"

namespace postern::app {
namespace {

// How often what has failed in the background is tried again.
constexpr Seconds housekeeping_interval(1);

std::size_t one_for_each_core(std::int64_t configured) {
    if (configured > 0) return static_cast<std::size_t>(configured);
    return std::max(1U, std::thread::hardware_concurrency());
}

log::Level level_of(const Configuration& configuration) {
    for (const auto level : {log::Level::debug, log::Level::info, log::Level::warning, log::Level::error}) {
        if (log::name(level) == configuration.log_level) return level;
    }
    return log::Level::info;
}

http::ServerOptions server_options(const Configuration& configuration, const ListenAddress& listen) {
    http::ServerOptions options;
    options.address = listen.host;
    options.port = listen.port;
    options.io_threads = one_for_each_core(configuration.http_io_threads);
    options.request_limits.header_bytes = static_cast<std::size_t>(configuration.http_header_bytes);
    options.request_limits.body_bytes = static_cast<std::size_t>(configuration.http_body_bytes);
    options.connection_limits.header_time = configuration.http_header_time;
    options.connection_limits.body_time = configuration.http_body_time;
    options.connection_limits.write_time = configuration.http_write_time;
    options.connection_limits.idle_time = configuration.http_idle_time;
    options.connection_limits.connections = static_cast<std::size_t>(configuration.http_connections);
    options.trusted_proxies = configuration.http_trusted_proxies;
    options.cors_origins = configuration.http_cors_origins;
    options.access_log = configuration.log_access;
    if (!configuration.tls_certificate.empty()) {
        options.tls = http::TlsFiles{configuration.tls_certificate, configuration.tls_key};
    }
    return options;
}

http::LaneOptions hash_lane_options(const Configuration& configuration) {
    return {.name = "hash",
            .workers = one_for_each_core(configuration.hash_workers),
            .queue_entries = static_cast<std::size_t>(configuration.hash_queue),
            .queue_time = configuration.hash_queue_time,
            .niceness = static_cast<int>(configuration.hash_niceness),
            .on_idle = [] { crypto::hash_memory().release(); }};
}

core::WebhookSettings webhooks_of(const Configuration& configuration) {
    return {.urls = configuration.webhooks_urls, .events = configuration.webhooks_events};
}

// Unless a front end of the operator's takes their place.
bool has_own_pages(const Configuration& configuration) {
    return configuration.links_front_end == own_pages_url(configuration);
}

// Everything that runs, in the order in which it is made; it goes in the opposite order.
class Node {
public:
    Node(std::unique_ptr<LocalWorkplace> workplace, crypto::KeyRing& ring, core::Store& store,
         const core::Hasher& hasher, const core::KeyVault& vault, const Clock& clock)
        : key_keeper_(ring, vault, workplace->rotation_policy(), clock),
          client_follower_("clients", store, [this](core::Reader& reader) { return load_clients(reader); }),
          workplace_(std::move(workplace)),
          store_(store),
          audit_thread_(store, ring, webhooks_of(workplace_->configuration()), clock),
          hash_lane_(hash_lane_options(workplace_->configuration())),
          throttle_(workplace_->throttle_policy(), clock),
          precedence_(clock),
          throttle_keeper_(throttle_, timing_floor_, store, hasher),
          checker_(ring, store.revocations(), workplace_->token_policy(), clock, api::identity_lines),
          revocation_feed_(store, ring, workplace_->configuration().revocation_heartbeat),
          status_lists_(store.revocations(), ring, workplace_->token_policy().issuer,
                        workplace_->configuration().revocation_list_ttl, clock),
          service_{.store = store,
                   .hasher = hasher,
                   .signer = ring,
                   .text = text_,
                   .access_checker = checker_,
                   .token_policy = workplace_->token_policy(),
                   .account_policy = workplace_->account_policy(),
                   .secrets = ring,
                   .clients = clients_,
                   .client_updater = client_follower_,
                   .key_updater = key_keeper_,
                   .key_vault = vault,
                   .rotation_policy = key_keeper_.policy(),
                   .revocation_feed = revocation_feed_,
                   .status_lists = status_lists_,
                   .throttle = throttle_,
                   .precedence = precedence_,
                   .timing_floor = timing_floor_,
                   .clock = clock,
                   .hash_lane = hash_lane_,
                   .base_path = workplace_->configuration().base_path,
                   .public_url = workplace_->configuration().public_url,
                   .page_style = {workplace_->configuration().service_name, workplace_->configuration().links_color},
                   .serves_pages = has_own_pages(workplace_->configuration()),
                   .version = std::string(version()),
                   .jwks_max_age = workplace_->configuration().keys_jwks_max_age,
                   .metrics_text = [this] { return metrics_.text(); }} {
        metrics_.add_lane("hash", hash_lane_);
        add_revocation_metrics(metrics_, revocation_feed_, status_lists_);
        add_store_metrics(metrics_, store_);
        add_key_metrics(metrics_, key_keeper_);
        add_audit_metrics(metrics_, audit_thread_);
        add_throttle_metrics(metrics_, throttle_);
        api::add_routes(router_, service_);
        store_.on_clients_changed([this] { client_follower_.reload(); });
    }

    ~Node() { key_keeper_.stop(); }
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    Result<void> start(const ListenAddress& listen, const Environment& environment) {
        key_keeper_.start(store_);
        TRY(core::read_and_wait(store_, [this](core::Reader& reader) { return load_clients(reader); }));
        client_follower_.reload();  // so that nothing which changed around that is missed
        deliveries_ =
            TRY(Deliveries::make(configuration(), environment, store_, service_.secrets, text_, service_.clock));
        add_delivery_metrics(metrics_, *deliveries_, service_.clock);
        deliveries_->start();
        server_ = TRY(http::Server::start(server_options(configuration(), listen), router_, metrics_));
        return {};
    }

    [[nodiscard]] const Configuration& configuration() const { return workplace_->configuration(); }
    [[nodiscard]] http::Server& server() { return *server_; }
    [[nodiscard]] Deliveries& deliveries() { return *deliveries_; }
    void retry_what_failed() { client_follower_.retry(); }

private:
    Result<void> load_clients(core::Reader& reader) {
        clients_.load(TRY(core::list_all_clients(reader)));
        return {};
    }

    // These outlive the store, whose threads call them.
    core::ClientDirectory clients_;
    KeyKeeper key_keeper_;
    StoreFollower client_follower_;
    std::unique_ptr<LocalWorkplace> workplace_;
    core::Store& store_;
    AuditThread audit_thread_;  // outlives what writes records, to seal the last of them
    crypto::IcuText text_;
    http::Lane hash_lane_;
    core::Throttle throttle_;
    core::Precedence precedence_;
    core::TimingFloor timing_floor_;
    ThrottleKeeper throttle_keeper_;
    core::AccessChecker checker_;
    api::RevocationFeed revocation_feed_;
    core::StatusLists status_lists_;
    http::Metrics metrics_;
    api::Service service_;
    http::Router router_;
    std::unique_ptr<Deliveries> deliveries_;
    std::unique_ptr<http::Server> server_;
};

Result<std::unique_ptr<Node>> make_node(Configuration configuration, const Environment& environment,
                                        const Clock& clock) {
    const auto listen = TRY(parse_listen_address(configuration.listen));
    auto workplace = std::make_unique<LocalWorkplace>(std::move(configuration), environment,
                                                      LocalWorkplace::Purpose::serving, clock);
    // A first start makes what it needs; on PostgreSQL that is for `postern key init` alone.
    if (is_sqlite(workplace->configuration())) workplace->make_what_is_missing();
    core::Store* store = TRY(workplace->store());
    TRY(workplace->make_missing_keys());
    crypto::KeyRing* ring = TRY(workplace->key_ring());
    const core::Hasher* hasher = TRY(workplace->hasher());
    const core::KeyVault* vault = TRY(workplace->vault());
    auto node = std::make_unique<Node>(std::move(workplace), *ring, *store, *hasher, *vault, clock);
    TRY(node->start(listen, environment));
    return node;
}

Result<std::optional<ServerLock>> lock_database(const Configuration& configuration) {
    TRY(check_owner(configuration));
    if (!is_sqlite(configuration)) return std::optional<ServerLock>();
    TRY(make_data_directory(configuration));
    return std::optional<ServerLock>(TRY(ServerLock::take(configuration)));
}

void lock_keys(const Configuration& configuration) {
    const auto connections = configuration.tls_certificate.empty() ? 0 : configuration.http_connections;
    if (crypto::lock_key_memory(static_cast<std::size_t>(connections))) return;
    log::warning("keys_not_locked", {{"error",
                                      "The kernel does not let this process lock its keys into memory, so they "
                                      "may reach the swap; raise LimitMEMLOCK (ulimit -l)"}});
}

void reload(Node& node, const Overrides& overrides, const Environment& environment) {
    const auto configuration = load_configuration(overrides, environment);
    if (configuration) {
        log::set_level(level_of(*configuration));
    } else {
        log::error("configuration_not_reloaded", {{"error", configuration.error().message}});
    }
    if (node.configuration().tls_certificate.empty()) return;
    const auto reloaded = node.server().reload_tls();
    if (reloaded) {
        log::info("tls_reloaded", {{"certificate", node.configuration().tls_certificate}});
    } else {
        log::error("tls_not_reloaded", {{"error", reloaded.error().message}});
    }
}

void run_until_stopped(Node& node, Signals& signals, const Overrides& overrides, const Environment& environment) {
    bool has_settled = false;  // the threads have begun their work as well
    for (;;) {
        switch (signals.wait(housekeeping_interval)) {
            case Signals::Event::stop: return;
            case Signals::Event::reload: reload(node, overrides, environment); break;
            case Signals::Event::none:
                node.retry_what_failed();
                if (!std::exchange(has_settled, true)) give_back_start_up_pages();
                break;
        }
    }
}

}  // namespace

Result<void> serve(const Overrides& overrides, const Environment& environment, const Clock& clock) {
    const auto begin = std::chrono::steady_clock::now();
    auto configuration = TRY(load_configuration(overrides, environment));
    log::set_level(level_of(configuration));
    Signals signals;
    lock_keys(configuration);
    const auto lock = TRY(lock_database(configuration));
    auto node = TRY(make_node(std::move(configuration), environment, clock));

    const auto listen = TRY(parse_listen_address(node->configuration().listen));
    const auto taken = std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - begin);
    log::info("ready", {{"listen", ListenAddress{listen.host, node->server().port()}.text()},
                        {"public_url", node->configuration().public_url},
                        {"store", describe_store(node->configuration())},
                        {"version", version()},
                        {"start_ms", taken.count()}});
    run_until_stopped(*node, signals, overrides, environment);

    log::info("stopping");
    signals.let_the_next_one_kill();
    node->deliveries().stop();  // while the requests end: nobody waits for both
    node->server().stop(node->configuration().http_shutdown_time);
    node.reset();
    log::info("stopped");
    return {};
}

}  // namespace postern::app
