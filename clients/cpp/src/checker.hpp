// The check of a token, with the fetching of what it takes: keys and lists. Thread-safe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <limits>
#include <map>
#include <memory>
#include <mutex>

#include "core/verified_tokens.hpp"
#include "lists.hpp"
#include "postern/verifier.hpp"
#include "source.hpp"
#include "verify/trusted_keys.hpp"

namespace postern::client {

class Checker {
public:
    // `source` and `clock` must outlive it.
    Checker(const VerifierOptions& options, Source& source, const Clock& clock);

    [[nodiscard]] Check check(std::string_view token);

    Lists& lists() { return lists_; }
    [[nodiscard]] bool has_keys() const { return keys().trusted != nullptr; }

    // For the thread behind: fetches what is due. Returns at once when nothing is.
    void keep_up();
    // The feed told that the keys have changed.
    void keys_changed();

private:
    // One fetch at a time of one thing; whoever comes meanwhile waits for it.
    struct Fetch {
        std::mutex running;
        std::optional<Steady> finished_at;  // under `running`
        bool failed = false;
    };
    // The keys, and how often they have been fetched: what was verified by others counts for nothing.
    struct Keys {
        std::shared_ptr<const verify::TrustedKeys> trusted;
        std::uint64_t generation = 0;
    };
    struct Token {
        core::AccessClaims claims;
        std::string payload;
    };
    [[nodiscard]] Keys keys() const;
    [[nodiscard]] Result<std::shared_ptr<const Token>> read(std::string_view token);
    [[nodiscard]] Result<std::shared_ptr<const Token>> read_by(const Keys& keys, std::string_view token);
    [[nodiscard]] Result<void> check_revocation(const core::AccessClaims& claims);
    // Whether it may have changed something.
    bool fetch_keys_at_once(Milliseconds apart);
    void fetch_list_at_once(const core::ListId& list);
    [[nodiscard]] bool fetch_keys();
    [[nodiscard]] bool fetch_list(const core::ListId& list);
    [[nodiscard]] Result<void> take_list(const core::ListId& list, const std::string& uri, const Answer& answer,
                                         Steady true_at);
    void tell(const std::string& what) const;

    const VerifierOptions options_;
    const std::vector<std::string> audiences_;
    Source& source_;
    const Clock& clock_;
    Lists lists_;

    core::VerifiedTokens<Token> verified_;

    mutable std::mutex keys_mutex_;  // guards keys_
    Keys keys_;
    Fetch keys_fetch_;
    std::atomic<bool> keys_due_ = true;
    // Nanoseconds of the steady clock.
    std::atomic<std::int64_t> keys_due_at_ = 0;
    std::atomic<std::int64_t> keys_changed_at_ = std::numeric_limits<std::int64_t>::min();  // as the feed told

    std::mutex fetches_mutex_;
    std::map<core::ListId, std::shared_ptr<Fetch>> list_fetches_;
};

}  // namespace postern::client
