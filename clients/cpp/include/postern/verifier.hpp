// Verifies Postern's access tokens in your process: signature, claims, and whether the token has been revoked, from
// memory. A revocation reaches it within milliseconds over Postern's feed; without the feed the status lists are
// polled.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

enum class Outcome {
    accepted,
    invalid_token,  // 401: no token of this issuer for this audience
    token_expired,  // 401
    token_revoked,  // 401
    unavailable,    // 503: it cannot be told now; the token may be as good as ever, so the client should keep it
};
// As above: "accepted", "invalid_token" and so on.
std::string_view word(Outcome outcome);

// What an accepted token says (RFC 9068).
struct Claims {
    std::string issuer;
    std::vector<std::string> audience;
    std::string subject;  // the account; of a client's own token: the client
    std::string client_id;
    std::string session_id;  // empty: a client speaks for itself
    std::string token_id;
    std::vector<std::string> roles;
    std::vector<std::string> scopes;
    std::chrono::system_clock::time_point issued_at;
    std::chrono::system_clock::time_point expires_at;
    std::string custom;  // the account's further claims: the text of a JSON object, or empty
    std::string json;    // the whole payload

    [[nodiscard]] bool has_role(std::string_view role) const;
    [[nodiscard]] bool has_scope(std::string_view scope) const;
};

struct Check {
    Outcome outcome = Outcome::unavailable;
    std::string reason;            // for people; holds nothing of the token. Empty when accepted
    std::optional<Claims> claims;  // when accepted

    explicit operator bool() const { return outcome == Outcome::accepted; }
};

// What to answer about a token that is good as far as is known, when that knowledge is too old.
enum class OnStale { refuse, allow };

struct VerifierOptions {
    std::string issuer;  // Postern's `public_url`, exactly as it stands in the tokens
    std::string audience;
    // A client's credentials, for the feed. Without them the lists are polled.
    std::string client_id;
    std::string client_secret;

    std::string base_path = "/auth/v1";             // Postern's `http.base_path`
    std::chrono::milliseconds stale_after{15'000};  // how long knowledge of revocations counts; three heartbeats
    OnStale on_stale = OnStale::refuse;  // allow: then a revocation may go unseen for as long as Postern is away
    std::chrono::milliseconds poll_interval{5'000};  // while there is no feed
    std::chrono::milliseconds request_timeout{5'000};
    // Tokens whose signature need not be checked again, about a kilobyte each. 0: none.
    std::size_t cache_size = 10'000;
    bool allow_plain_http = false;  // http:// to another machine; keys and the secret then travel unprotected
    std::string ca_file;            // certificates to trust instead of the system's
    // Told what goes wrong in the background, in a sentence without secrets; from the library's threads.
    std::function<void(std::string_view)> log;
};

struct Status {
    bool has_keys = false;
    bool feed_is_live = false;
    std::size_t lists = 0;
};

// One for each process and issuer. Any number of threads may call check() at once.
class Verifier {
public:
    // Starts its threads and returns at once. Throws std::invalid_argument, saying which option is wrong.
    explicit Verifier(VerifierOptions options);
    // Ends them, within a moment.
    ~Verifier();
    Verifier(const Verifier&) = delete;
    Verifier& operator=(const Verifier&) = delete;

    // Memory only, and nothing allocated but what the claims hold; but for the first token of a key or a list that is
    // not known yet, which waits for a request, `request_timeout` at most. `token` is what stands after "Bearer ".
    [[nodiscard]] Check check(std::string_view token) const;

    // Whether keys are here and, with a feed, all revocations, before `limit` has passed. For a start-up or a probe.
    [[nodiscard]] bool wait_until_ready(std::chrono::milliseconds limit) const;
    [[nodiscard]] Status status() const;

private:
    class Running;
    std::unique_ptr<Running> running_;
};

}  // namespace postern
