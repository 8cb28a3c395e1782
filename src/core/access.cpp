#include "core/access.hpp"

#include <array>
#include <cstring>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/digest.hpp"
#include "base/limits.hpp"
#include "core/accounts.hpp"

namespace postern::core {

// Tokens whose signature was checked lately, by their digest. What can change (time, keys, revocation) is not
// remembered: the caller checks it each time, and an entry of an older key generation counts for nothing.
//
// Bounded: two generations of entries in each shard. When the younger is full it becomes the older, and the older is
// dropped; what is still in use moves back as it is met.
class AccessChecker::VerifiedTokens {
public:
    std::shared_ptr<const AccessClaims> find(const Digest& key, std::uint64_t generation) {
        Shard& shard = shard_of(key);
        const std::lock_guard lock(shard.mutex);
        if (auto found = shard.younger.find(key); found != shard.younger.end())
            return current(found->second, generation);
        auto found = shard.older.find(key);
        if (found == shard.older.end()) return nullptr;
        const Entry entry = found->second;
        shard.older.erase(found);
        shard.insert(key, entry);
        return current(entry, generation);
    }

    void insert(const Digest& key, std::uint64_t generation, std::shared_ptr<const AccessClaims> claims) {
        Shard& shard = shard_of(key);
        const std::lock_guard lock(shard.mutex);
        shard.insert(key, {generation, std::move(claims)});
    }

private:
    struct Entry {
        std::uint64_t generation;
        std::shared_ptr<const AccessClaims> claims;
    };
    struct DigestHash {
        std::size_t operator()(const Digest& key) const noexcept {
            std::size_t value = 0;
            std::memcpy(&value, key.data(), sizeof value);
            return value;
        }
    };
    using Entries = std::unordered_map<Digest, Entry, DigestHash>;
    static constexpr std::size_t shard_count = 16;
    struct Shard {
        std::mutex mutex;
        Entries younger;
        Entries older;

        void insert(const Digest& key, Entry entry) {
            if (younger.size() >= limits::verified_token_cache_entries / shard_count) {
                older = std::move(younger);
                younger = {};
            }
            younger.insert_or_assign(key, std::move(entry));
        }
    };

    Shard& shard_of(const Digest& key) { return shards_.at(key.back() % shard_count); }
    static std::shared_ptr<const AccessClaims> current(const Entry& entry, std::uint64_t generation) {
        return entry.generation == generation ? entry.claims : nullptr;
    }

    std::array<Shard, shard_count> shards_;
};

namespace {

// Another node may have made the key a moment ago.
Error refuse_unknown_key(Error error, Knowledge knowledge) {
    if (knowledge == Knowledge::caught_up) return unauthenticated("invalid_token", std::move(error.message));
    error.kind = ErrorKind::not_current;
    return error;
}

}  // namespace

AccessChecker::AccessChecker(const Signer& signer, const Revocations& revocations, const TokenPolicy& policy,
                             const Clock& clock)
    : signer_(signer),
      revocations_(revocations),
      policy_(policy),
      clock_(clock),
      verified_(std::make_unique<VerifiedTokens>()) {}

AccessChecker::~AccessChecker() = default;

Result<Bearer> AccessChecker::check(std::string_view token, Knowledge knowledge,
                                    const std::vector<std::string>* audiences) const {
    auto verified = verified_claims(token);
    if (!verified.has_value() && verified.error().code == unknown_key_code) {
        return refuse_unknown_key(std::move(verified.error()), knowledge);
    }
    const auto claims = TRY(std::move(verified));
    TRY(check_access_claims(*claims, policy_.issuer, audiences != nullptr ? *audiences : policy_.audience,
                            clock_.now()));
    const SlotState state = revocations_.state(claims->slot);
    // A revocation is for good, so it may be believed however old the knowledge is. Everything else needs fresh
    // knowledge.
    if (state == SlotState::revoked) return unauthenticated("token_revoked", "The token has been revoked");
    if (knowledge == Knowledge::as_it_is && (state == SlotState::unknown || !revocations_.is_fresh())) {
        return Error{ErrorKind::not_current, "not_current", "This node must catch up with the store first"};
    }
    if (state == SlotState::unknown) {
        return unauthenticated("token_revoked", "The token belongs to a revocation list that is not known here");
    }
    return Bearer(claims);
}

Result<SignedIn> AccessChecker::check_account(const Bearer& bearer) {
    if (bearer.claims().is_clients_own()) {
        return forbidden("account_required", "This is for accounts; the token is a client's own");
    }
    return SignedIn(bearer.claims_);
}

Result<std::shared_ptr<const AccessClaims>> AccessChecker::verified_claims(std::string_view token) const {
    if (token.size() > limits::token_bytes) return unauthenticated("invalid_token", "The token is too long");
    const Digest key = digest(token);
    // Read before the signature is checked: a key that is revoked in between leaves an entry of an older generation.
    const std::uint64_t generation = signer_.generation();
    if (auto remembered = verified_->find(key, generation)) return remembered;
    auto claims = std::make_shared<const AccessClaims>(TRY(signer_.read_access(token)));
    verified_->insert(key, generation, claims);
    return claims;
}

Result<Admin> AccessChecker::check_admin(Reader& reader, const SignedIn& caller) {
    const auto account = TRY(reader.find_account(caller.account()));
    if (!account.has_value() || !account->admin || !is_active(*account)) {
        return forbidden("admin_required", "Only an administrator may do this");
    }
    return Admin(caller);
}

}  // namespace postern::core
