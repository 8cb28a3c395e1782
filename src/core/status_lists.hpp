// The Token Status Lists that anybody may fetch (draft-ietf-oauth-status-list-20 sections 5.1 and 8): signed, made from
// the bits that this node checks with, and kept until a bit changes.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/signer.hpp"
#include "core/store.hpp"

namespace postern::core {

// A list as it is served.
struct SignedStatusList {
    std::string token;  // a compact JWS
    std::string tag;    // another one for every other token: its digest
    // The token by gzip; made when it is first asked for. Thread-safe.
    [[nodiscard]] const std::string& gzipped() const;

private:
    mutable std::once_flag once_;
    mutable std::string gzipped_;
};

// Thread-safe.
class StatusLists {
public:
    // All of them must outlive this. `time_to_live`: how long a verifier may keep a list before it asks again.
    StatusLists(const Revocations& revocations, const Signer& signer, std::string issuer, Milliseconds time_to_live,
                const Clock& clock);

    // From memory, where nothing has changed since it was made and half of its time to live has not passed. Those who
    // ask for one at the same time share the making. Errors: not_found "status_list_unknown"; unavailable, when
    // there is no key to sign with, or what this node knows is too old to be told.
    Result<std::shared_ptr<const SignedStatusList>> get(const ListId& id);
    // Of those that have not expired.
    [[nodiscard]] std::vector<std::string> uris() const;
    [[nodiscard]] Milliseconds time_to_live() const { return time_to_live_; }

    struct Figures {
        std::uint64_t served = 0;
        std::uint64_t made = 0;
        double seconds_making = 0;
        std::size_t kept = 0;
    };
    [[nodiscard]] Figures figures() const;

private:
    struct Kept {
        std::mutex making;
        std::shared_ptr<const SignedStatusList> list;
        std::uint64_t version = 0;
        std::uint64_t keys = 0;  // Signer::generation() when it was signed
        Timestamp made_at;
        Timestamp list_expires_at;
    };
    std::shared_ptr<Kept> kept_for(const ListId& id);
    void forget_gone_lists();
    Result<void> make(const ListId& id, Kept& kept, Timestamp now);

    const Revocations& revocations_;
    const Signer& signer_;
    const std::string issuer_;
    const Milliseconds time_to_live_;
    const Clock& clock_;

    mutable std::mutex mutex_;  // guards the map, not what it holds
    std::unordered_map<ListId, std::shared_ptr<Kept>> kept_;
    std::atomic<std::uint64_t> served_ = 0;
    std::atomic<std::uint64_t> made_ = 0;
    std::atomic<std::uint64_t> microseconds_making_ = 0;
};

}  // namespace postern::core
