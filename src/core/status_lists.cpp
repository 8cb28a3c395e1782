#include "core/status_lists.hpp"

#include <span>

#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "base/limits.hpp"
#include "base/zlib.hpp"

namespace postern::core {
namespace {

Error unknown_list() {
    return not_found("status_list_unknown", "There is no such status list, or all its tokens have expired");
}

}  // namespace

const std::string& SignedStatusList::gzipped() const {
    std::call_once(once_, [this] { gzipped_ = gzip(token); });
    return gzipped_;
}

StatusLists::StatusLists(const Revocations& revocations, const Signer& signer, std::string issuer,
                         Milliseconds time_to_live, const Clock& clock)
    : revocations_(revocations),
      signer_(signer),
      issuer_(std::move(issuer)),
      time_to_live_(time_to_live),
      clock_(clock) {}

Result<std::shared_ptr<const SignedStatusList>> StatusLists::get(const ListId& id) {
    // A list says "as of now", which this node cannot say; whoever keeps an older one knows as much.
    if (!revocations_.is_fresh()) return unavailable("This node has lost sight of its database");
    // Before anything is kept for it: strangers may ask for as many as they like.
    if (!revocations_.version_of(id).has_value()) return unknown_list();
    const auto kept = kept_for(id);
    const std::lock_guard lock(kept->making);
    const Timestamp now = clock_.now();
    // After the lock: whoever waited for the making may have seen a change that it missed.
    const auto version = revocations_.version_of(id);
    if (!version.has_value()) return unknown_list();
    const bool is_current = kept->list != nullptr && kept->version == *version && kept->keys == signer_.generation() &&
                            now < kept->made_at + time_to_live_ / 2;
    if (!is_current) TRY(make(id, *kept, now));
    if (kept->list_expires_at <= now) return unknown_list();
    ++served_;
    return kept->list;
}

Result<void> StatusLists::make(const ListId& id, Kept& kept, Timestamp now) {
    const auto begin = std::chrono::steady_clock::now();
    const auto published = revocations_.publish(id);
    if (!published.has_value()) return unknown_list();
    const StatusListClaims claims{.subject = status_list_uri(issuer_, id),
                                  .issued_at = now,
                                  .expires_at = now + limits::status_list_life,
                                  .time_to_live = time_to_live_,
                                  .list = encode_base64url(*published->zlib)};
    const auto keys = signer_.generation();  // before it signs: a key that is revoked meanwhile makes the list anew
    auto made = std::make_shared<SignedStatusList>();
    made->token = TRY(signer_.sign(claims));
    const Digest fingerprint = digest(made->token);
    made->tag = encode_hex(std::span(fingerprint).first<16>());
    kept.list = std::move(made);
    kept.version = published->version;
    kept.keys = keys;
    kept.made_at = now;
    kept.list_expires_at = published->expires_at;
    ++made_;
    const auto taken = std::chrono::steady_clock::now() - begin;
    microseconds_making_ +=
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(taken).count());
    return {};
}

std::shared_ptr<StatusLists::Kept> StatusLists::kept_for(const ListId& id) {
    const std::lock_guard lock(mutex_);
    const auto found = kept_.find(id);
    if (found != kept_.end()) return found->second;
    forget_gone_lists();
    return kept_.emplace(id, std::make_shared<Kept>()).first->second;
}

void StatusLists::forget_gone_lists() {
    std::erase_if(kept_, [this](const auto& entry) { return !revocations_.version_of(entry.first).has_value(); });
}

std::vector<std::string> StatusLists::uris() const {
    std::vector<std::string> uris;
    for (const ListId& id : revocations_.list_ids()) uris.push_back(status_list_uri(issuer_, id));
    return uris;
}

StatusLists::Figures StatusLists::figures() const {
    const std::lock_guard lock(mutex_);
    return {.served = served_,
            .made = made_,
            .seconds_making = static_cast<double>(microseconds_making_) / 1e6,
            .kept = kept_.size()};
}

}  // namespace postern::core
