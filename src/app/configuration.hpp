// What the operator decides, read once at start: TOML, then the environment, then the command line.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"

namespace postern::app {

// The values, with their defaults. Which key sets which member, and what it may be, stands in configuration_keys.cpp.
// Members whose default follows from others are empty until settle() has filled them.
struct Configuration {
    std::string data_dir = "postern-data";
    std::string store;  // sqlite:<data_dir>/postern.db
    std::string listen = "127.0.0.1:8080";
    std::string public_url;  // http(s)://<listen>; the issuer
    std::string base_path = "/auth/v1";
    std::string service_name = "Postern";
    std::string master_key_file;           // <data_dir>/master.key
    std::string previous_master_key_file;  // none

    std::string log_level = "info";
    bool log_access = true;

    std::int64_t http_body_bytes = limits::http_body_bytes;
    std::int64_t http_header_bytes = limits::http_header_bytes;
    Milliseconds http_header_time = limits::http_header_time;
    Milliseconds http_body_time = limits::http_body_time;
    Milliseconds http_write_time = limits::http_write_time;
    Milliseconds http_idle_time = limits::http_idle_time;
    Milliseconds http_shutdown_time = limits::shutdown_time;
    std::int64_t http_connections = limits::http_connections;
    std::int64_t http_io_threads = 0;  // one for each core
    std::vector<std::string> http_trusted_proxies;
    std::vector<std::string> http_cors_origins;

    std::string tls_certificate;
    std::string tls_key;

    std::vector<std::string> tokens_audience;  // the issuer
    std::string tokens_algorithm = "ES256";
    std::string tokens_client_id = "first-party";
    Milliseconds tokens_access_life = limits::access_token_life;
    std::int64_t tokens_live_per_session = limits::live_tokens_per_session;
    std::int64_t tokens_live_per_client = limits::live_tokens_per_client;

    Milliseconds keys_rotate_after = limits::key_rotate_after;
    Milliseconds keys_publish_ahead = limits::key_publish_ahead;
    Milliseconds keys_jwks_max_age = limits::jwks_max_age;

    Milliseconds sessions_idle = limits::session_idle;
    Milliseconds sessions_life = limits::session_life;
    Milliseconds sessions_permanent_idle = limits::permanent_session_idle;
    Milliseconds sessions_permanent_life = limits::permanent_session_life;
    Milliseconds sessions_refresh_grace = limits::refresh_grace;
    Milliseconds sessions_retention = limits::session_retention;

    Milliseconds audit_retention = limits::audit_retention;

    std::int64_t hash_memory_mib = limits::hash_memory_mib;
    std::int64_t hash_iterations = limits::hash_iterations;
    std::int64_t hash_workers = 0;  // one for each core
    std::int64_t hash_niceness = limits::hash_niceness;
    std::int64_t hash_queue = limits::hash_queue_entries;
    Milliseconds hash_queue_time = limits::hash_queue_time;

    bool accounts_sign_up = true;
    Milliseconds accounts_unconfirmed_retention = limits::unconfirmed_retention;
    std::int64_t passwords_minimum_characters = limits::password_minimum_characters;

    std::string mail_mode = "off";
    std::string mail_from;
    std::string mail_directory;  // <data_dir>/mail
    std::string mail_smtp_host;
    std::int64_t mail_smtp_port = 587;
    std::string mail_smtp_security = "starttls";
    std::string mail_smtp_user;
    std::string mail_smtp_password_file;
    std::string mail_smtp_ca_file;
    std::string mail_templates;  // none: the built-in ones
    std::string mail_locale = "en";
    Milliseconds mail_time = limits::delivery_time;
    Milliseconds mail_retry_time = limits::delivery_retry_time;

    std::string links_front_end;  // <public_url>/account, our own pages
    std::string links_color = "#1d4f91";
    Milliseconds links_verify_life = limits::verify_link_life;
    Milliseconds links_reset_life = limits::reset_link_life;
    Milliseconds links_invitation_life = limits::invitation_link_life;
    Milliseconds links_change_life = limits::change_link_life;

    std::int64_t throttle_network_failures = limits::throttle_network_failures;
    std::int64_t throttle_account_network_failures = limits::throttle_account_network_failures;
    std::int64_t throttle_account_failures = limits::throttle_account_failures;
    Milliseconds throttle_lock_time = limits::throttle_lock_time;
    std::int64_t throttle_network_requests = limits::throttle_network_requests;

    std::vector<std::string> webhooks_urls;
    std::string webhooks_secret_file;
    std::vector<std::string> webhooks_events;  // all
    bool webhooks_private_addresses = false;

    Milliseconds revocation_freshness_bound = limits::feed_freshness_bound;
    Milliseconds revocation_heartbeat = limits::revocation_heartbeat;
    Milliseconds revocation_list_ttl = limits::status_list_ttl;

    // Where each value that is not a default came from, by key: "postern.toml, line 3", "POSTERN_LISTEN", "--data".
    std::map<std::string, std::string, std::less<>> origins;
    std::string file;  // the file that was read; empty when there was none
};

// What the command line says of the configuration.
struct Overrides {
    std::optional<std::string> file;
    std::optional<std::string> data_dir;
    std::optional<std::string> listen;
};

using Environment = std::map<std::string, std::string, std::less<>>;
// The variables of this process whose name begins with POSTERN_.
Environment process_environment();

// Reads the file (--config, else POSTERN_CONFIG, else /etc/postern/postern.toml when there is one), applies the
// environment and the command line, settles the defaults and checks what keys say together.
// Errors: invalid_input "invalid_configuration", one sentence each.
Result<Configuration> load_configuration(const Overrides& overrides, const Environment& environment);

// The single steps, for tests. `name` is what error messages call the file.
Result<void> apply_toml(Configuration& configuration, std::string_view text, const std::string& name);
Result<void> apply_environment(Configuration& configuration, const Environment& environment);
// Fills the defaults that follow from other values, and refuses what does not go together.
Result<void> settle(Configuration& configuration);

Error configuration_error(std::string message);

// Where our own pages behind mailed links are: the default of links.front_end.
std::string own_pages_url(const Configuration& configuration);

bool is_sqlite(const Configuration& configuration);
// The database file of a SQLite store.
std::string sqlite_path(const Configuration& configuration);
// The store's URL without a password.
std::string describe_store(const Configuration& configuration);

}  // namespace postern::app
