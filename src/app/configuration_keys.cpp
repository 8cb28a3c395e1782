#include "app/configuration_keys.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "app/configuration_value.hpp"
#include "app/nearest.hpp"

namespace postern::app {
namespace {

constexpr std::int64_t kibibyte = 1024;

using C = Configuration;

std::vector<Key> server_keys() {
    return {
        {"data_dir", &C::data_dir, "Directory of the SQLite file and the master key. Made by `serve` and `key init`."},
        {"store", &C::store, "`sqlite:FILE`, or a `postgresql://` URL as libpq reads it.",
         "`sqlite:<data_dir>/postern.db`"},
        {"listen", &C::listen, "Address and port to listen on; an IPv6 address goes in brackets."},
        {"public_url", &C::public_url,
         "How clients reach the server: the issuer (`iss`) of every token. Changing it ends all tokens.",
         "`http://<listen>`, `https://` with TLS"},
        {"base_path", &C::base_path, "Where the API begins."},
        {"service_name", &C::service_name, "What your service is called; passwords that contain it are refused."},
        {"master_key_file", &C::master_key_file,
         "File of the master key, which encrypts the signing keys in the store.", "`<data_dir>/master.key`"},
        {"previous_master_key_file", &C::previous_master_key_file,
         "File of the master key before, while `postern key rewrap` has not run yet.", "none"},

        {"log.level",
         &C::log_level,
         "Lines below it are left out. Read again on SIGHUP.",
         {},
         0,
         0,
         {"debug", "info", "warning", "error"}},
        {"log.access", &C::log_access, "One line for each request."},

        {"http.body_bytes",
         &C::http_body_bytes,
         "Largest request body; 413 beyond it.",
         {},
         kibibyte,
         16 * kibibyte * kibibyte},
        {"http.header_bytes",
         &C::http_header_bytes,
         "Largest request header; 431 beyond it.",
         {},
         4 * kibibyte,
         kibibyte * kibibyte},
        {"http.header_time",
         &C::http_header_time,
         "From the first byte of a request to the end of its header.",
         {},
         100,
         10 * minute},
        {"http.body_time", &C::http_body_time, "For reading a body.", {}, 100, 10 * minute},
        {"http.write_time", &C::http_write_time, "For writing an answer.", {}, 100, 10 * minute},
        {"http.idle_time",
         &C::http_idle_time,
         "How long a kept-alive connection may idle; longer than your proxy's.",
         {},
         100,
         hour},
        {"http.shutdown_time",
         &C::http_shutdown_time,
         "How long accepted requests may take to finish after SIGTERM.",
         {},
         100,
         10 * minute},
        {"http.connections", &C::http_connections, "Connections at a time; further ones wait.", {}, 1, 1'000'000},
        {"http.io_threads", &C::http_io_threads, "Threads for connections; 0: one for each core.", {}, 0, 256},
        {"http.trusted_proxies", &C::http_trusted_proxies,
         "Networks (`10.0.0.0/8`) whose `X-Forwarded-For` is believed, read from the right."},
        {"http.cors_origins", &C::http_cors_origins,
         "Origins (`https://app.example.com`) whose scripts may call the API; `*`: all, without credentials."},

        {"tls.certificate", &C::tls_certificate, "PEM file with the certificate chain; read again on SIGHUP.",
         "none: plain HTTP"},
        {"tls.key", &C::tls_key, "PEM file with its private key; read again on SIGHUP.", "none"},

        {"tokens.audience", &C::tokens_audience, "`aud` of access tokens: the APIs that accept them.",
         "`[public_url]`"},
        {"tokens.algorithm",
         &C::tokens_algorithm,
         "Of the access key that `key init` makes, and a first start on SQLite.",
         {},
         0,
         0,
         {"ES256", "EdDSA", "RS256"}},
        {"tokens.access_life",
         &C::tokens_access_life,
         "How long an access token lives; never past its session.",
         {},
         second,
         day},
        {"tokens.live_per_session",
         &C::tokens_live_per_session,
         "Access tokens of one session that have not expired; a refresh past it is answered with 429.",
         {},
         10,
         limits::live_tokens_per_session_most},
        {"tokens.live_per_client",
         &C::tokens_live_per_client,
         "The same for the tokens that a client gets for itself.",
         {},
         10,
         limits::live_tokens_per_client_most},
        {"tokens.client_id", &C::tokens_client_id,
         "`client_id` of the tokens that a login gives; your own applications share it."},

        {"keys.rotate_after",
         &C::keys_rotate_after,
         "A signing key is replaced when it is this old.",
         {},
         second,
         3650 * day},
        {"keys.publish_ahead",
         &C::keys_publish_ahead,
         "How long a new key is published before it signs; at least twice `keys.jwks_max_age`.",
         {},
         second,
         90 * day},
        {"keys.jwks_max_age", &C::keys_jwks_max_age, "How long caches may keep the published keys.", {}, second, day},

        {"sessions.idle",
         &C::sessions_idle,
         "A session ends after this long without a refresh.",
         {},
         second,
         3650 * day},
        {"sessions.life", &C::sessions_life, "A session ends after this long in any case.", {}, second, 3650 * day},
        {"sessions.permanent_idle",
         &C::sessions_permanent_idle,
         "`sessions.idle` for `permanent_login`.",
         {},
         second,
         3650 * day},
        {"sessions.permanent_life",
         &C::sessions_permanent_life,
         "`sessions.life` for `permanent_login`.",
         {},
         second,
         3650 * day},
        {"sessions.refresh_grace",
         &C::sessions_refresh_grace,
         "How long a retry of a refresh gets the same answer; at most `tokens.access_life`.",
         {},
         0,
         hour},
        {"sessions.retention",
         &C::sessions_retention,
         "How long ended sessions stay visible to an operator.",
         {},
         minute,
         3650 * day},

        {"audit.retention", &C::audit_retention, "How long audit records are kept.", {}, day, 36500 * day},

        {"hash.memory_mib",
         &C::hash_memory_mib,
         "Argon2id memory of one password hash, in MiB.",
         {},
         7,
         limits::hash_memory_mib_most},
        {"hash.iterations",
         &C::hash_iterations,
         "Argon2id iterations. With `hash.memory_mib` at or above OWASP's floor: 46 MiB and 1, 19 and 2, 12 and 3, 9 "
         "and 4, 7 and 5.",
         {},
         1,
         limits::hash_iterations_most},
        {"hash.workers", &C::hash_workers, "Password hashes at a time; 0: one for each core.", {}, 0, 256},
        {"hash.niceness",
         &C::hash_niceness,
         "Added to the niceness of the threads that hash, so that every other request comes first. Set less where "
         "other programs keep all the cores busy, and logins have to wait for them.",
         {},
         0,
         19},
        {"hash.queue",
         &C::hash_queue,
         "Logins that may wait for a worker, and as many again of known networks and devices, who go first; 503 beyond "
         "it.",
         {},
         1,
         100'000},
        {"hash.queue_time",
         &C::hash_queue_time,
         "How long a login may wait for a worker before it gets 503.",
         {},
         100,
         minute},

        {"revocation.freshness_bound",
         &C::revocation_freshness_bound,
         "The longest that another node's revocation may go unseen; a node that knows less asks the database, or "
         "answers 503.",
         {},
         100,
         minute},
        {"revocation.heartbeat",
         &C::revocation_heartbeat,
         "How often the stream of revocations says that it is alive.",
         {},
         100,
         minute},
        {"revocation.list_ttl",
         &C::revocation_list_ttl,
         "`ttl` of status lists: how long they may be kept, by caches too.",
         {},
         second,
         hour},
    };
}

std::vector<Key> make_keys() {
    std::vector<Key> keys = server_keys();
    std::ranges::move(account_keys(), std::back_inserter(keys));
    return keys;
}

constexpr std::array<Variable, 5> variables = {{
    {"POSTERN_CONFIG", "The configuration file, when `--config` names none."},
    {"POSTERN_MASTER_KEY",
     "The master key itself, 32 bytes in hexadecimal or base64url; goes before `master_key_file`."},
    {"POSTERN_MAIL_SMTP_PASSWORD", "The password of `mail.smtp_user`; goes before `mail.smtp_password_file`."},
    {"POSTERN_PREVIOUS_MASTER_KEY", "The master key before; goes before `previous_master_key_file`."},
    {"POSTERN_WEBHOOKS_SECRET", "The secret that signs webhooks; goes before `webhooks.secret_file`."},
}};

struct TypeWord {
    std::string_view operator()(std::string Configuration::*) const { return "text"; }
    std::string_view operator()(std::vector<std::string> Configuration::*) const { return "list"; }
    std::string_view operator()(bool Configuration::*) const { return "boolean"; }
    std::string_view operator()(std::int64_t Configuration::*) const { return "integer"; }
    std::string_view operator()(Milliseconds Configuration::*) const { return "time"; }
};

std::string join_choices(const std::vector<std::string_view>& choices) {
    std::string text;
    for (std::size_t i = 0; i < choices.size(); ++i) {
        if (i > 0) text += i + 1 == choices.size() ? " or " : ", ";
        text += '"' + std::string(choices[i]) + '"';
    }
    return text;
}

struct AllowedWords {
    const Key& key;
    std::string operator()(std::string Configuration::*) const {
        return key.choices.empty() ? "a text in quotes" : join_choices(key.choices);
    }
    std::string operator()(std::vector<std::string> Configuration::*) const { return "a list of texts"; }
    std::string operator()(bool Configuration::*) const { return "true or false"; }
    std::string operator()(std::int64_t Configuration::*) const {
        return "a whole number from " + std::to_string(key.lowest) + " to " + std::to_string(key.highest);
    }
    std::string operator()(Milliseconds Configuration::*) const {
        return "a time such as \"15m\", from " + format_duration(Milliseconds(key.lowest)) + " to " +
               format_duration(Milliseconds(key.highest));
    }
};

std::string range_words(const Key& key) {
    if (std::holds_alternative<std::int64_t Configuration::*>(key.place)) {
        return std::to_string(key.lowest) + " to " + std::to_string(key.highest);
    }
    if (std::holds_alternative<Milliseconds Configuration::*>(key.place)) {
        return format_duration(Milliseconds(key.lowest)) + " to " + format_duration(Milliseconds(key.highest));
    }
    return join_choices(key.choices);
}

}  // namespace

std::span<const Key> configuration_keys() {
    static const std::vector<Key> keys = make_keys();
    return keys;
}

const Key* find_key(std::string_view name) {
    const auto keys = configuration_keys();
    const auto found = std::ranges::find(keys, name, &Key::name);
    return found == keys.end() ? nullptr : &*found;
}

std::string nearest_key(std::string_view name) {
    std::vector<std::string> names;
    for (const Key& key : configuration_keys()) names.emplace_back(key.name);
    return nearest(name, names);
}

std::string variable_name(std::string_view key_name) {
    std::string name = "POSTERN_";
    for (const char c : key_name) {
        if (c == '.') {
            name.push_back('_');
        } else {
            name.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
        }
    }
    return name;
}

std::span<const Variable> further_variables() {
    return variables;
}

std::string allowed_values(const Key& key) {
    return std::visit(AllowedWords{key}, key.place);
}

std::string reference_markdown() {
    const Configuration defaults;
    std::string text = "| key | type | default | allowed | meaning |\n| --- | --- | --- | --- | --- |\n";
    for (const Key& key : configuration_keys()) {
        const std::string standard =
            key.default_text.empty() ? '`' + format_value(defaults, key) + '`' : std::string(key.default_text);
        text += "| `" + std::string(key.name) + "` | " + std::string(std::visit(TypeWord{}, key.place)) + " | " +
                standard + " | " + range_words(key) + " | " + std::string(key.description) + " |\n";
    }
    text += "\n| variable | meaning |\n| --- | --- |\n";
    for (const Variable& variable : further_variables()) {
        text += "| `" + std::string(variable.name) + "` | " + std::string(variable.description) + " |\n";
    }
    return text;
}

}  // namespace postern::app
