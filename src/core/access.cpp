#include "core/access.hpp"

#include "base/limits.hpp"
#include "core/accounts.hpp"

namespace postern::core {

namespace {

// Another node may have made the key a moment ago.
Error refuse_unknown_key(Error error, Knowledge knowledge) {
    if (knowledge == Knowledge::caught_up) return unauthenticated("invalid_token", std::move(error.message));
    error.kind = ErrorKind::not_current;
    return error;
}

}  // namespace

AccessChecker::AccessChecker(const Signer& signer, const Revocations& revocations, const TokenPolicy& policy,
                             const Clock& clock, Prepare prepare)
    : signer_(signer),
      revocations_(revocations),
      policy_(policy),
      clock_(clock),
      prepare_(std::move(prepare)),
      verified_(limits::verified_token_cache_entries) {}

Result<Bearer> AccessChecker::check(std::string_view token, Knowledge knowledge,
                                    const std::vector<std::string>* audiences) const {
    auto read = verified_token(token);
    if (!read.has_value() && read.error().code == unknown_key_code) {
        return refuse_unknown_key(std::move(read.error()), knowledge);
    }
    const auto verified = TRY(std::move(read));
    const AccessClaims& claims = verified->claims;
    if (audiences == nullptr && verified->suits_policy) {
        TRY(check_times(claims.issued_at, claims.expires_at, clock_.now()));
    } else {
        TRY(check_access_claims(claims, policy_.issuer, audiences != nullptr ? *audiences : policy_.audience,
                                clock_.now()));
    }
    const SlotState state = revocations_.state(claims.slot);
    // A revocation is for good, so it may be believed however old the knowledge is. Everything else needs fresh
    // knowledge.
    if (state == SlotState::revoked) return unauthenticated("token_revoked", "The token has been revoked");
    if (knowledge == Knowledge::as_it_is && (state == SlotState::unknown || !revocations_.is_fresh())) {
        return Error{ErrorKind::not_current, "not_current", "This node must catch up with the store first"};
    }
    if (state == SlotState::unknown) {
        return unauthenticated("token_revoked", "The token belongs to a revocation list that is not known here");
    }
    return Bearer(verified);
}

Result<SignedIn> AccessChecker::check_account(const Bearer& bearer) {
    if (bearer.claims().is_clients_own()) {
        return forbidden("account_required", "This is for accounts; the token is a client's own");
    }
    return SignedIn(std::shared_ptr<const AccessClaims>(bearer.token_, &bearer.token_->claims));
}

Result<std::shared_ptr<const VerifiedToken>> AccessChecker::verified_token(std::string_view token) const {
    if (token.size() > limits::token_bytes) return unauthenticated("invalid_token", "The token is too long");
    // Read before the signature is checked: a key that is revoked in between leaves an entry of an older generation.
    const std::uint64_t generation = signer_.generation();
    if (auto remembered = verified_.find(token, generation)) return remembered;
    auto verified = std::make_shared<VerifiedToken>();
    verified->claims = TRY(signer_.read_access(token));
    verified->prepared = prepare_(verified->claims);
    verified->suits_policy =
        verified->claims.issuer == policy_.issuer && is_for(verified->claims.audience, policy_.audience);
    verified_.insert(token, generation, verified);
    return verified;
}

Result<Admin> AccessChecker::check_admin(Reader& reader, const SignedIn& caller) {
    const auto account = TRY(reader.find_account(caller.account()));
    if (!account.has_value() || !account->admin || !is_active(*account)) {
        return forbidden("admin_required", "Only an administrator may do this");
    }
    return Admin(caller);
}

}  // namespace postern::core
