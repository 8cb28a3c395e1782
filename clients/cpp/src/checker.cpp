#include "checker.hpp"

#include <algorithm>
#include <charconv>

#include "base/limits.hpp"

namespace postern::client {
namespace {

constexpr auto keys_apart = Milliseconds(5000);      // between fetches because of a kid that is not known
constexpr auto failures_apart = Milliseconds(1000);  // after a fetch that failed
constexpr auto usual_max_age = std::chrono::seconds(300);
constexpr auto longest_max_age = std::chrono::seconds(3600);
constexpr auto shortest_max_age = std::chrono::seconds(5);

Steady steady_now() {
    return std::chrono::steady_clock::now();
}

std::chrono::seconds max_age_of(const Answer& answer) {
    constexpr std::string_view name = "max-age=";
    const std::string_view told = answer.cache_control;
    auto max_age = usual_max_age;
    if (const auto begin = told.find(name); begin != std::string_view::npos) {
        std::uint32_t seconds = 0;
        const auto read = std::from_chars(told.data() + begin + name.size(), told.data() + told.size(), seconds);
        if (read.ec == std::errc()) max_age = std::chrono::seconds(seconds);
    }
    return std::clamp(max_age - answer.age, shortest_max_age, longest_max_age);
}

Outcome outcome_of(const Error& error) {
    if (error.kind == ErrorKind::unavailable) return Outcome::unavailable;
    if (error.code == "token_expired") return Outcome::token_expired;
    if (error.code == "token_revoked") return Outcome::token_revoked;
    return Outcome::invalid_token;
}

Claims claims_of(const core::AccessClaims& read, const std::string& payload) {
    Claims claims;
    claims.subject = read.subject.text();
    if (!read.is_clients_own()) claims.session_id = read.session_id.text();
    claims.token_id = read.token_id.text();
    claims.issuer = read.issuer;
    claims.audience = read.audience;
    claims.client_id = read.client_id;
    claims.roles = read.roles;
    claims.scopes = read.scopes;
    claims.issued_at = read.issued_at;
    claims.expires_at = read.expires_at;
    claims.custom = read.custom;
    claims.json = payload;
    return claims;
}

}  // namespace

Checker::Checker(const VerifierOptions& options, Source& source, const Clock& clock)
    : options_(options),
      audiences_{options.audience},
      source_(source),
      clock_(clock),
      lists_(std::chrono::duration_cast<Milliseconds>(options.stale_after)),
      verified_(options.cache_size) {}

Check Checker::check(std::string_view text) {
    const auto read_token = read(text);
    if (!read_token.has_value()) return {outcome_of(read_token.error()), read_token.error().message, std::nullopt};
    const Token& token = **read_token;
    auto checked = core::check_access_claims(token.claims, options_.issuer, audiences_, clock_.now());
    if (checked.has_value()) checked = check_revocation(token.claims);
    if (!checked.has_value()) return {outcome_of(checked.error()), std::move(checked.error().message), std::nullopt};
    return {Outcome::accepted, {}, claims_of(token.claims, token.payload)};
}

Result<std::shared_ptr<const Checker::Token>> Checker::read(std::string_view text) {
    auto known = keys();
    if (known.trusted == nullptr) {
        fetch_keys_at_once(failures_apart);
        known = keys();
        if (known.trusted == nullptr) return unavailable("The issuer's keys cannot be fetched now");
    }
    auto token = read_by(known, text);
    if (token.has_value() || token.error().code != core::unknown_key_code) return token;
    if (fetch_keys_at_once(keys_apart)) {
        token = read_by(keys(), text);
        if (token.has_value() || token.error().code != core::unknown_key_code) return token;
    }
    const std::unique_lock lock(keys_fetch_.running, std::try_to_lock);
    if (!lock || keys_fetch_.failed) return unavailable("The issuer's keys cannot be fetched now");
    return unauthenticated("invalid_token", "The token is signed by no key of its issuer");
}

Result<std::shared_ptr<const Checker::Token>> Checker::read_by(const Keys& keys, std::string_view text) {
    if (text.size() > limits::token_bytes) return unauthenticated("invalid_token", "The token is too long");
    if (auto remembered = verified_.find(text, keys.generation)) return remembered;
    auto token = std::make_shared<Token>();
    token->claims = TRY(keys.trusted->read_access_token(text, token->payload));
    verified_.insert(text, keys.generation, token);
    return token;
}

Result<void> Checker::check_revocation(const core::AccessClaims& claims) {
    auto state = lists_.state(claims.slot, steady_now());
    if (state != SlotKnowledge::live && state != SlotKnowledge::revoked) {
        fetch_list_at_once(claims.slot.list);
        state = lists_.state(claims.slot, steady_now());
    }
    if (state == SlotKnowledge::live) return {};
    const bool is_against = state == SlotKnowledge::revoked || state == SlotKnowledge::missing;
    if (is_against) return unauthenticated("token_revoked", "The token has been revoked");
    if (options_.on_stale == OnStale::allow) return {};
    return unavailable("Whether the token has been revoked is not known now");
}

Checker::Keys Checker::keys() const {
    const std::lock_guard lock(keys_mutex_);
    return keys_;
}

bool Checker::fetch_keys_at_once(Milliseconds apart) {
    // While there are keys, strangers' kids must not make threads wait for each other.
    std::unique_lock lock(keys_fetch_.running, std::defer_lock);
    const auto before = keys();
    if (before.trusted == nullptr) {
        lock.lock();
    } else if (!lock.try_lock()) {
        return false;
    }
    if (keys().generation != before.generation) return true;
    if (keys_fetch_.finished_at && steady_now() - *keys_fetch_.finished_at < apart) return false;
    keys_fetch_.failed = !fetch_keys();
    keys_fetch_.finished_at = steady_now();
    return !keys_fetch_.failed;
}

bool Checker::fetch_keys() {
    const auto asked_at = steady_now();
    keys_due_ = false;
    keys_due_at_ = (asked_at + (has_keys() ? keys_apart : failures_apart)).time_since_epoch().count();
    const std::string url = options_.issuer + "/.well-known/jwks.json";
    const auto answer = source_.get(url, "", limits::json_text_bytes);
    if (!answer.has_value() || answer->status != 200) {
        tell("The issuer's keys cannot be fetched: " +
             (answer.has_value() ? url + " answers " + std::to_string(answer->status) : answer.error().message));
        return false;
    }
    auto parsed = verify::TrustedKeys::parse(answer->body);
    if (!parsed.has_value()) {
        tell("The issuer's keys cannot be read: " + parsed.error().message);
        return false;
    }
    // What a cache has kept since before the last change may lack it.
    const bool may_lack_change = (asked_at - answer->age).time_since_epoch().count() < keys_changed_at_;
    const auto kept_for = may_lack_change ? shortest_max_age : max_age_of(*answer);
    keys_due_at_ = (asked_at + kept_for).time_since_epoch().count();
    auto fresh = std::make_shared<const verify::TrustedKeys>(std::move(parsed).take());
    const std::lock_guard lock(keys_mutex_);
    keys_ = {std::move(fresh), keys_.generation + 1};
    return true;
}

void Checker::keys_changed() {
    keys_changed_at_ = steady_now().time_since_epoch().count();
    keys_due_ = true;
}

void Checker::fetch_list_at_once(const core::ListId& list) {
    std::shared_ptr<Fetch> fetch;
    {
        const std::lock_guard lock(fetches_mutex_);
        auto& entry = list_fetches_[list];
        if (!entry) entry = std::make_shared<Fetch>();
        fetch = entry;
    }
    const Steady came_at = steady_now();
    const std::lock_guard lock(fetch->running);
    if (fetch->finished_at && *fetch->finished_at >= came_at) return;
    if (fetch->failed && steady_now() - *fetch->finished_at < failures_apart) return;
    fetch->failed = !fetch_list(list);
    fetch->finished_at = steady_now();
}

bool Checker::fetch_list(const core::ListId& list) {
    const std::string uri = core::status_list_uri(options_.issuer, list);
    const Steady asked_at = steady_now();
    const std::string etag = lists_.etag_of(list, clock_.now());
    const auto answer = source_.get(uri, etag, limits::status_list_token_bytes);
    if (!answer.has_value()) {
        tell("A status list cannot be fetched: " + answer.error().message);
        return false;
    }
    if (answer->status == 404) {
        lists_.put_missing(list, steady_now());
        return true;
    }
    if (answer->status == 304 && !etag.empty()) {
        lists_.put_unchanged(list, asked_at - answer->age);
    } else if (answer->status != 200) {
        tell("A status list cannot be fetched: " + uri + " answers " + std::to_string(answer->status));
        return false;
    } else if (const auto taken = take_list(list, uri, *answer, asked_at - answer->age); !taken.has_value()) {
        tell("The status list " + uri + " is refused: " + taken.error().message);
        return false;
    }
    if (answer->age <= options_.stale_after) return true;
    tell("The status list " + uri + " comes from a cache that has kept it for " + std::to_string(answer->age.count()) +
         " s and does not ask again");
    return false;
}

Result<void> Checker::take_list(const core::ListId& list, const std::string& uri, const Answer& answer,
                                Steady true_at) {
    const auto known = keys();
    if (known.trusted == nullptr) return unavailable("The issuer's keys are not known");
    auto read = known.trusted->read_status_list(answer.body, options_.issuer, uri, clock_.now());
    if (!read.has_value() && read.error().code == core::unknown_key_code && fetch_keys_at_once(keys_apart)) {
        read = keys().trusted->read_status_list(answer.body, options_.issuer, uri, clock_.now());
    }
    auto fetched = TRY(std::move(read));
    const auto bits = std::move(fetched.statuses).take_bytes();
    if (!lists_.put_fetched(list, bits, fetched.expires_at, answer.etag, true_at)) {
        return unavailable("There are more lists than there can be");
    }
    return {};
}

void Checker::keep_up() {
    if (keys_due_ || steady_now().time_since_epoch().count() >= keys_due_at_) {
        const std::lock_guard lock(keys_fetch_.running);
        keys_fetch_.failed = !fetch_keys();
        keys_fetch_.finished_at = steady_now();
    }
    lists_.drop_expired(clock_.now());
    const auto interval = std::chrono::duration_cast<Milliseconds>(options_.poll_interval);
    for (const core::ListId& list : lists_.to_poll(interval, steady_now())) fetch_list_at_once(list);
    const std::lock_guard lock(fetches_mutex_);
    std::erase_if(list_fetches_, [](const auto& entry) {
        std::unique_lock fetch(entry.second->running, std::try_to_lock);
        return entry.second.use_count() == 1 && fetch && entry.second->finished_at &&
               steady_now() - *entry.second->finished_at > std::chrono::minutes(1);
    });
}

void Checker::tell(const std::string& what) const {
    if (options_.log) options_.log(what);
}

}  // namespace postern::client
