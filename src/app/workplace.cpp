#include "app/workplace.hpp"

#include <algorithm>
#include <filesystem>

#include "app/data_directory.hpp"
#include "crypto/known_passwords.hpp"
#include "store/store.hpp"

namespace postern::app {
namespace {

constexpr std::string_view master_key_variable = "POSTERN_MASTER_KEY";
constexpr std::string_view previous_master_key_variable = "POSTERN_PREVIOUS_MASTER_KEY";
constexpr std::size_t mebibyte = 1024UL * 1024UL;

std::optional<SecretString> secret_of(const Environment& environment, std::string_view name) {
    const auto found = environment.find(name);
    if (found == environment.end()) return std::nullopt;
    return SecretString(found->second);
}

Error missing_store(const Configuration& configuration) {
    return not_found("store_missing", "There is no database " + sqlite_path(configuration) +
                                          " yet; start the server once, or make it with: postern key init --data " +
                                          configuration.data_dir);
}

}  // namespace

core::TokenPolicy token_policy_of(const Configuration& configuration) {
    return {.issuer = configuration.public_url,
            .audience = configuration.tokens_audience,
            .client_id = configuration.tokens_client_id,
            .access_token_life = configuration.tokens_access_life,
            .refresh_grace = configuration.sessions_refresh_grace,
            .session_idle = configuration.sessions_idle,
            .session_life = configuration.sessions_life,
            .permanent_session_idle = configuration.sessions_permanent_idle,
            .permanent_session_life = configuration.sessions_permanent_life,
            .live_tokens_per_session = configuration.tokens_live_per_session,
            .live_tokens_per_client = configuration.tokens_live_per_client};
}

core::RotationPolicy rotation_policy_of(const Configuration& configuration) {
    return {.rotate_after = configuration.keys_rotate_after,
            .publish_ahead = configuration.keys_publish_ahead,
            .access_token_life = configuration.tokens_access_life,
            .refresh_token_life = std::max(configuration.sessions_life, configuration.sessions_permanent_life),
            // The table of keys lets nothing else through.
            .access_algorithm =
                core::parse_key_algorithm(configuration.tokens_algorithm).value_or(core::KeyAlgorithm::es256)};
}

core::ThrottlePolicy throttle_policy_of(const Configuration& configuration) {
    return {.network_failures = configuration.throttle_network_failures,
            .account_network_failures = configuration.throttle_account_network_failures,
            .account_failures = configuration.throttle_account_failures,
            .lock_time = configuration.throttle_lock_time,
            .network_requests = configuration.throttle_network_requests};
}

core::AccountPolicy account_policy_of(const Configuration& configuration) {
    return {.passwords = {.minimum_characters = static_cast<std::size_t>(configuration.passwords_minimum_characters),
                          .service_name = configuration.service_name,
                          .blocklist = &crypto::known_passwords()},
            .sign_up_open = configuration.accounts_sign_up,
            .mail_works = configuration.mail_mode != "off",
            .locale = configuration.mail_locale,
            .verify_link_life = configuration.links_verify_life,
            .reset_link_life = configuration.links_reset_life,
            .invitation_link_life = configuration.links_invitation_life,
            .change_link_life = configuration.links_change_life};
}

LocalWorkplace::LocalWorkplace(Configuration configuration, const Environment& environment, Purpose purpose,
                               const Clock& clock)
    : configuration_(std::move(configuration)),
      master_key_text_(secret_of(environment, master_key_variable)),
      previous_master_key_text_(secret_of(environment, previous_master_key_variable)),
      purpose_(purpose),
      clock_(clock),
      token_policy_(token_policy_of(configuration_)),
      account_policy_(account_policy_of(configuration_)),
      throttle_policy_(throttle_policy_of(configuration_)),
      rotation_policy_(rotation_policy_of(configuration_)),
      hasher_({.memory_bytes = static_cast<std::size_t>(configuration_.hash_memory_mib) * mebibyte,
               .iterations = static_cast<std::size_t>(configuration_.hash_iterations)}) {}

Result<core::Store*> LocalWorkplace::store() {
    if (!store_) TRY(open_store());
    return store_.get();
}

Result<void> LocalWorkplace::open_store() {
    TRY(check_owner(configuration_));
    if (is_sqlite(configuration_) && makes_missing_) TRY(make_data_directory(configuration_));
    if (is_sqlite(configuration_) && !makes_missing_ && !std::filesystem::exists(sqlite_path(configuration_))) {
        return missing_store(configuration_);
    }
    store_ = TRY(store::open_store({.url = configuration_.store,
                                    .access_token_life = configuration_.tokens_access_life,
                                    .freshness_bound = configuration_.revocation_freshness_bound,
                                    .session_retention = configuration_.sessions_retention,
                                    .audit_retention = configuration_.audit_retention,
                                    .unconfirmed_retention = configuration_.accounts_unconfirmed_retention,
                                    .serving = purpose_ == Purpose::serving},
                                   clock_));
    return {};
}

Result<std::vector<core::StoredKey>> LocalWorkplace::keys_of_store() {
    core::Store* opened = TRY(store());
    return core::read_and_wait(*opened, [](core::Reader& reader) { return reader.list_keys(); });
}

Result<crypto::MasterKey> LocalWorkplace::current_master_key() {
    if (master_key_text_) return crypto::MasterKey::parse(*master_key_text_, master_key_variable);
    const std::filesystem::path path(configuration_.master_key_file);
    if (makes_missing_ && !std::filesystem::exists(path) && TRY(keys_of_store()).empty()) {
        TRY(make_data_directory(configuration_));
        return crypto::MasterKey::create_file(path);
    }
    return crypto::MasterKey::read_file(path);
}

Result<std::optional<crypto::MasterKey>> LocalWorkplace::previous_master_key() {
    if (previous_master_key_text_) {
        return TRY(crypto::MasterKey::parse(*previous_master_key_text_, previous_master_key_variable));
    }
    if (configuration_.previous_master_key_file.empty()) return std::optional<crypto::MasterKey>();
    return TRY(crypto::MasterKey::read_file(configuration_.previous_master_key_file));
}

Result<const core::KeyVault*> LocalWorkplace::vault() {
    if (!vault_) {
        auto current = TRY(current_master_key());
        auto previous = TRY(previous_master_key());
        master_keys_ = std::make_unique<crypto::MasterKeys>(std::move(current), std::move(previous));
        vault_ = std::make_unique<crypto::KeyVault>(*master_keys_);
    }
    return vault_.get();
}

Result<crypto::KeyRing*> LocalWorkplace::key_ring() {
    if (ring_) return ring_.get();
    // Asked first, so that a store without keys is named as such, not for the master key that it does not need yet.
    if (TRY(keys_of_store()).empty()) {
        return core::keys_missing();
    }
    const core::KeyVault* opened_vault = TRY(vault());
    core::Store* opened = TRY(store());
    const auto keys = TRY(core::read_and_wait(
        *opened, [opened_vault](core::Reader& reader) { return core::load_keys(reader, *opened_vault); }));
    auto ring = std::make_unique<crypto::KeyRing>(*master_keys_);
    TRY(ring->load(keys));
    ring_ = std::move(ring);
    return ring_.get();
}

Result<const core::Signer*> LocalWorkplace::signer() {
    return TRY(key_ring());
}

Result<const core::SecretDeriver*> LocalWorkplace::secrets() {
    return TRY(key_ring());
}

Result<const core::AuditSigner*> LocalWorkplace::audit_signer() {
    return TRY(key_ring());
}

Result<void> LocalWorkplace::make_missing_keys() {
    const auto keys = TRY(keys_of_store());
    if (!core::lacks_a_purpose(keys) || (keys.empty() && !is_sqlite(configuration_))) return {};
    const core::Actor system{"system", "", ""};
    const core::KeyVault* opened_vault = TRY(vault());
    core::Store* opened = TRY(store());
    const auto made = core::write_and_wait(*opened, [&](core::Transaction& transaction) {
        return keys.empty() ? core::init_keys(transaction, *opened_vault, access_algorithm(), system, clock_.now())
                            : core::add_missing_keys(transaction, *opened_vault, system, clock_.now());
    });
    // `postern key init` may have come first; its keys are as good.
    if (!made && made.error().code != "keys_exist") return made.error();
    return {};
}

std::string LocalWorkplace::master_key_place() const {
    return master_key_text_ ? std::string(master_key_variable) : configuration_.master_key_file;
}

}  // namespace postern::app
