#include "app/configuration.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/configuration_keys.hpp"
#include "app/configuration_value.hpp"
#include "app/delivery_settings.hpp"
#include "app/listen_address.hpp"
#include "app/nearest.hpp"
#include "base/ascii.hpp"
#include "base/encoding.hpp"
#include "base/id.hpp"
#include "base/json_text.hpp"
#include "http/client_address.hpp"

namespace postern::app {
namespace {

constexpr std::string_view variable_prefix = "POSTERN_";
constexpr std::string_view system_file = "/etc/postern/postern.toml";
constexpr std::string_view sqlite_scheme = "sqlite:";
constexpr std::array<std::string_view, 2> postgresql_schemes = {"postgresql://", "postgres://"};  // libpq knows both

// The one that `url` begins with; empty for another kind of store.
std::string_view postgresql_scheme(std::string_view url) {
    for (const std::string_view scheme : postgresql_schemes) {
        if (url.starts_with(scheme)) return scheme;
    }
    return {};
}

// What Kubernetes and Docker put into the environment of every container beside a service called "postern".
bool comes_from_orchestrator(std::string_view variable) {
    return variable.starts_with("POSTERN_SERVICE_HOST") || variable.starts_with("POSTERN_SERVICE_PORT") ||
           variable == "POSTERN_PORT" || variable.starts_with("POSTERN_PORT_");
}

Error unknown_variable(const std::string& name) {
    std::vector<std::string> known;
    for (const Key& key : configuration_keys()) known.push_back(variable_name(key.name));
    for (const Variable& variable : further_variables()) known.emplace_back(variable.name);
    return configuration_error("The environment variable " + name + " is no setting of postern; did you mean " +
                               nearest(name, known) + "? Unset it otherwise");
}

Result<void> apply_file(Configuration& configuration, const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file || std::filesystem::is_directory(path)) {
        return configuration_error("The configuration file " + path +
                                   " cannot be read: " + std::strerror(errno == 0 ? EISDIR : errno));
    }
    configuration.file = path;
    return apply_toml(configuration, text.str(), path);
}

Result<void> apply_override(Configuration& configuration, std::string_view key_name,
                            const std::optional<std::string>& value, const std::string& option) {
    if (!value) return {};
    return assign_text(configuration, *find_key(key_name), *value, option);
}

std::string origin(const Configuration& configuration, std::string_view key) {
    const auto found = configuration.origins.find(key);
    return found == configuration.origins.end() ? std::string() : " (" + found->second + ")";
}

Result<void> check_public_url(const Configuration& configuration) {
    const std::string& url = configuration.public_url;
    const std::size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
    const bool printable = std::ranges::all_of(url, [](char c) { return c > ' ' && c < 0x7f && c != '"'; });
    if (scheme > 0 && url.size() > scheme && printable && !url.ends_with('/') &&
        url.find_first_of("?#\\") == std::string::npos) {
        return {};
    }
    return configuration_error(
        "public_url is " + quote_for_message(url) + origin(configuration, "public_url") +
        "; it must be an http:// or https:// address without a slash at its end, such as \"https://auth.example.com\"");
}

// Where the administration is.
// What is served beside the API, in api/routes.cpp.
constexpr std::array<std::string_view, 6> taken_paths = {"/admin/v1", "/oauth2",      "/status-lists",
                                                         "/account",  "/.well-known", "/metrics"};

// ASCII letters, digits, and what `further` has.
bool holds_only(std::string_view text, std::string_view further) {
    return std::ranges::all_of(text, [further](char c) {
        const char lower = to_lower_ascii(c);
        return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || further.find(c) != std::string_view::npos;
    });
}

Result<void> check_base_path(const Configuration& configuration) {
    const std::string& path = configuration.base_path;
    const bool plain = holds_only(path, "/-._~");
    if (path.size() > 1 && path.starts_with('/') && !path.ends_with('/') && plain &&
        path.find("//") == std::string::npos && std::ranges::find(taken_paths, path) == taken_paths.end()) {
        return {};
    }
    return configuration_error("base_path is " + quote_for_message(path) + origin(configuration, "base_path") +
                               "; it must begin with a slash and end without one, such as \"/auth/v1\", and not be "
                               "where something else of ours is");
}

// It stands in tokens and in headers, and must not look like the id of a client.
Result<void> check_client_id(const Configuration& configuration) {
    const std::string& id = configuration.tokens_client_id;
    const bool plain = holds_only(id, "-._~");
    if (!id.empty() && id.size() <= limits::client_name_bytes && plain && !Id<struct AnyTag>::parse(id)) return {};
    return configuration_error("tokens.client_id is " + quote_for_message(id) +
                               origin(configuration, "tokens.client_id") + "; it must be up to " +
                               std::to_string(limits::client_name_bytes) +
                               " letters, digits and characters of -._~, and no UUID");
}

// With the most that an account or a client may add, no token is longer than we believe any to be.
Result<void> check_token_frame(const Configuration& configuration) {
    std::size_t bytes = 2 * configuration.public_url.size() + configuration.tokens_client_id.size();
    for (const std::string& audience : configuration.tokens_audience) bytes += quote_json(audience).size() + 1;
    if (bytes <= limits::token_frame_bytes) return {};
    return configuration_error("tokens.audience" + origin(configuration, "tokens.audience") +
                               ", tokens.client_id and twice public_url take " + std::to_string(bytes) +
                               " bytes of each token; together they may have " +
                               std::to_string(limits::token_frame_bytes));
}

Result<void> check_store(const Configuration& configuration) {
    const bool sqlite = is_sqlite(configuration) && configuration.store.size() > sqlite_scheme.size();
    if (sqlite || !postgresql_scheme(configuration.store).empty()) return {};
    return configuration_error("store" + origin(configuration, "store") +
                               " must be \"sqlite:\" and a file, or a \"postgresql://\" URL");
}

Result<void> check_order(const Configuration& configuration, std::string_view smaller, Milliseconds small,
                         std::string_view greater, Milliseconds great) {
    if (small <= great) return {};
    return configuration_error(std::string(smaller) + " is " + format_duration(small) + origin(configuration, smaller) +
                               ", longer than " + std::string(greater) + ", " + format_duration(great) +
                               origin(configuration, greater) + "; lower the one or raise the other");
}

// A verifier that fetched the keys just before a new one was published knows it after one max-age; a cache in between
// may add another.
Result<void> check_publishing(const Configuration& c) {
    if (c.keys_publish_ahead >= 2 * c.keys_jwks_max_age) return {};
    return configuration_error("keys.publish_ahead is " + format_duration(c.keys_publish_ahead) +
                               origin(c, "keys.publish_ahead") + ", less than twice keys.jwks_max_age, " +
                               format_duration(c.keys_jwks_max_age) + origin(c, "keys.jwks_max_age") +
                               "; raise the one or lower the other");
}

// OWASP's password storage cheat sheet lists these as equally strong, with one lane.
Result<void> check_hash_strength(const Configuration& configuration) {
    constexpr std::array<std::pair<std::int64_t, std::int64_t>, 5> floor = {
        {{46, 1}, {19, 2}, {12, 3}, {9, 4}, {7, 5}}};
    for (const auto& [memory, iterations] : floor) {
        if (configuration.hash_memory_mib >= memory && configuration.hash_iterations >= iterations) return {};
    }
    return configuration_error("hash.memory_mib = " + std::to_string(configuration.hash_memory_mib) +
                               " with hash.iterations = " + std::to_string(configuration.hash_iterations) +
                               " is weaker than OWASP's floor for Argon2id; use 46 MiB and 1 iteration, 19 and 2, 12 "
                               "and 3, 9 and 4, 7 and 5, or more");
}

Result<void> check_tls(const Configuration& configuration) {
    if (configuration.tls_certificate.empty() == configuration.tls_key.empty()) return {};
    return configuration_error(configuration.tls_key.empty()
                                   ? "tls.certificate is set but tls.key is not; set both, or neither for plain HTTP"
                                   : "tls.key is set but tls.certificate is not; set both, or neither for plain HTTP");
}

Result<void> check_proxies(const Configuration& configuration) {
    const auto proxies = http::TrustedProxies::parse(configuration.http_trusted_proxies);
    if (proxies) return {};
    return configuration_error("http.trusted_proxies" + origin(configuration, "http.trusted_proxies") + ": " +
                               proxies.error().message);
}

// As browsers send it: scheme, host, perhaps a port, and nothing after.
bool is_origin(const std::string& text) {
    const std::size_t scheme = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
    return scheme > 0 && text.size() > scheme && text.find_first_of("/?# \t\"*", scheme) == std::string::npos;
}

Result<void> check_origins(const Configuration& configuration) {
    for (const std::string& text : configuration.http_cors_origins) {
        if (text == "*" || is_origin(text)) continue;
        return configuration_error("http.cors_origins" + origin(configuration, "http.cors_origins") + " has " +
                                   quote_for_message(text) +
                                   "; an origin is written like \"https://app.example.com\", and \"*\" is every one");
    }
    return {};
}

Result<void> check_together(const Configuration& c) {
    TRY(check_proxies(c));
    TRY(check_origins(c));
    TRY(check_tls(c));
    TRY(check_public_url(c));
    TRY(check_base_path(c));
    TRY(check_client_id(c));
    TRY(check_token_frame(c));
    TRY(check_store(c));
    TRY(check_order(c, "sessions.refresh_grace", c.sessions_refresh_grace, "tokens.access_life", c.tokens_access_life));
    TRY(check_order(c, "sessions.idle", c.sessions_idle, "sessions.life", c.sessions_life));
    TRY(check_order(c, "sessions.permanent_idle", c.sessions_permanent_idle, "sessions.permanent_life",
                    c.sessions_permanent_life));
    TRY(check_publishing(c));
    TRY(check_order(c, "keys.publish_ahead", c.keys_publish_ahead, "keys.rotate_after", c.keys_rotate_after));
    TRY(check_delivery(c));
    return check_hash_strength(c);
}

}  // namespace

Environment process_environment() {
    Environment variables;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const auto equals = text.find('=');
        if (text.starts_with(variable_prefix) && equals != std::string_view::npos) {
            variables.emplace(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    return variables;
}

Result<void> apply_environment(Configuration& configuration, const Environment& environment) {
    std::map<std::string, const Key*, std::less<>> keys;
    for (const Key& key : configuration_keys()) keys.emplace(variable_name(key.name), &key);
    for (const auto& [name, value] : environment) {
        const bool further = std::ranges::find(further_variables(), name, &Variable::name) != further_variables().end();
        if (further || comes_from_orchestrator(name)) continue;
        const auto key = keys.find(name);
        if (key == keys.end()) return unknown_variable(name);
        TRY(assign_text(configuration, *key->second, value, name));
    }
    return {};
}

Result<void> settle(Configuration& configuration) {
    if (configuration.data_dir.empty()) return configuration_error("data_dir is empty; name a directory");
    TRY(parse_listen_address(configuration.listen));
    if (configuration.public_url.empty()) {
        configuration.public_url =
            (configuration.tls_certificate.empty() ? "http://" : "https://") + configuration.listen;
    }
    if (configuration.store.empty()) configuration.store = "sqlite:" + configuration.data_dir + "/postern.db";
    if (configuration.master_key_file.empty()) configuration.master_key_file = configuration.data_dir + "/master.key";
    if (configuration.mail_directory.empty()) configuration.mail_directory = configuration.data_dir + "/mail";
    if (configuration.links_front_end.empty()) configuration.links_front_end = own_pages_url(configuration);
    if (configuration.tokens_audience.empty()) configuration.tokens_audience = {configuration.public_url};
    return check_together(configuration);
}

Result<Configuration> load_configuration(const Overrides& overrides, const Environment& environment) {
    Configuration configuration;
    const auto named = environment.find("POSTERN_CONFIG");
    if (overrides.file) {
        TRY(apply_file(configuration, *overrides.file));
    } else if (named != environment.end()) {
        TRY(apply_file(configuration, named->second));
    } else if (std::error_code ignored; std::filesystem::exists(system_file, ignored)) {
        TRY(apply_file(configuration, std::string(system_file)));
    }
    TRY(apply_environment(configuration, environment));
    TRY(apply_override(configuration, "data_dir", overrides.data_dir, "--data"));
    TRY(apply_override(configuration, "listen", overrides.listen, "--listen"));
    TRY(settle(configuration));
    return configuration;
}

Error configuration_error(std::string message) {
    return invalid_input("invalid_configuration", std::move(message));
}

std::string own_pages_url(const Configuration& configuration) {
    return configuration.public_url + "/account";
}

bool is_sqlite(const Configuration& configuration) {
    return configuration.store.starts_with(sqlite_scheme);
}

std::string sqlite_path(const Configuration& configuration) {
    return configuration.store.substr(sqlite_scheme.size());
}

std::string describe_store(const Configuration& configuration) {
    const std::string_view scheme = postgresql_scheme(configuration.store);
    if (scheme.empty()) return configuration.store;
    // Of postgresql://user:password@host/database?password=… only what is certainly harmless.
    const std::string_view rest = std::string_view(configuration.store).substr(scheme.size());
    const auto at = rest.rfind('@');
    const auto place = at == std::string_view::npos ? rest : rest.substr(at + 1);
    const auto query = rest.find('?');
    // An @ behind the first ? may stand in a password on either side of it: then nothing is certain.
    if (at != std::string_view::npos && query < at) return std::string(scheme) + "…";
    return std::string(scheme) + std::string(place.substr(0, place.find('?')));
}

}  // namespace postern::app
