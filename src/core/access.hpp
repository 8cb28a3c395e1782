// Who is calling: the only door to Bearer, SignedIn and Admin.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/claims.hpp"
#include "core/signer.hpp"
#include "core/store.hpp"
#include "core/verified_tokens.hpp"

namespace postern::core {

// What is remembered of a token whose signature was checked.
struct VerifiedToken {
    AccessClaims claims;
    std::string prepared;
    bool suits_policy = false;  // its issuer and its audience: neither they nor the policy change
};

// For an AccessChecker whose callers want nothing at hand.
inline std::string prepare_nothing(const AccessClaims&) {
    return {};
}

// The holder of an access token that was good a moment ago: an account or a client.
class Bearer {
public:
    [[nodiscard]] const AccessClaims& claims() const { return token_->claims; }
    // What AccessChecker's `prepare` has made of the claims.
    [[nodiscard]] std::shared_ptr<const std::string> prepared() const { return {token_, &token_->prepared}; }

private:
    friend class AccessChecker;
    explicit Bearer(std::shared_ptr<const VerifiedToken> token) : token_(std::move(token)) {}
    std::shared_ptr<const VerifiedToken> token_;
};

// A Bearer that is an account. Handlers that need a caller take one of these.
class SignedIn {
public:
    [[nodiscard]] const AccessClaims& claims() const { return *claims_; }
    [[nodiscard]] const AccountId& account() const { return claims_->subject; }
    [[nodiscard]] const SessionId& session() const { return claims_->session_id; }

private:
    friend class AccessChecker;
    explicit SignedIn(std::shared_ptr<const AccessClaims> claims) : claims_(std::move(claims)) {}
    std::shared_ptr<const AccessClaims> claims_;
};

// A SignedIn whose account was an active administrator in the transaction that `reader` reads.
class Admin {
public:
    [[nodiscard]] const SignedIn& caller() const { return caller_; }

private:
    friend class AccessChecker;
    explicit Admin(SignedIn caller) : caller_(std::move(caller)) {}
    SignedIn caller_;
};

// What a check may rely on. caught_up: a catch-up has just completed, so what is unknown now is refused.
enum class Knowledge { as_it_is, caught_up };

// Memory only: signature (or the cache of verified tokens), claims, revocation bit. Thread-safe.
class AccessChecker {
public:
    // `prepare`: whatever callers want to have at hand with a token, made once when its signature is checked.
    using Prepare = std::function<std::string(const AccessClaims&)>;
    AccessChecker(const Signer& signer, const Revocations& revocations, const TokenPolicy& policy, const Clock& clock,
                  Prepare prepare);
    AccessChecker(const AccessChecker&) = delete;
    AccessChecker& operator=(const AccessChecker&) = delete;

    // Errors: unauthenticated "invalid_token", "token_expired", "token_revoked";
    // not_current, when this node must Store::catch_up() first and ask again with Knowledge::caught_up, or, with the
    // code unknown_key_code, KeyUpdater::catch_up() first and ask again.
    // `audiences`: whom the token must be for, any of them; without: as the policy says.
    Result<Bearer> check(std::string_view token, Knowledge knowledge,
                         const std::vector<std::string>* audiences = nullptr) const;
    // Errors: forbidden "account_required", for a client's own token.
    static Result<SignedIn> check_account(const Bearer& bearer);

    // Errors: forbidden "admin_required"; whatever the reader says.
    static Result<Admin> check_admin(Reader& reader, const SignedIn& caller);

private:
    Result<std::shared_ptr<const VerifiedToken>> verified_token(std::string_view token) const;

    const Signer& signer_;
    const Revocations& revocations_;
    const TokenPolicy& policy_;
    const Clock& clock_;
    const Prepare prepare_;
    mutable VerifiedTokens<VerifiedToken> verified_;
};

}  // namespace postern::core
