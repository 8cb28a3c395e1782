// What the tests of the rules share: a policy, and ports that answer without cost.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "core/account_policy.hpp"
#include "core/accounts.hpp"
#include "core/login.hpp"
#include "core/memory_store.hpp"
#include "core/secrets.hpp"
#include "core/signer.hpp"
#include "core/text.hpp"

namespace postern::core::testing {

inline TokenPolicy policy() {
    using namespace std::chrono_literals;
    return {.issuer = "https://auth.example",
            .audience = {"https://api.example"},
            .client_id = "first-party",
            .access_token_life = 15min,
            .refresh_grace = 30s,
            .session_idle = 24h,
            .session_life = 24h * 7,
            .permanent_session_idle = 24h * 90,
            .permanent_session_life = 24h * 365};
}

inline AccountPolicy account_policy() {
    AccountPolicy policy;
    policy.passwords.service_name = "Postern";
    policy.mail_works = true;
    return policy;
}

// "hash" is the password behind a prefix; the prefix "old:" stands for parameters that have been raised since.
class PlainHasher final : public Hasher {
public:
    Result<std::string> hash(const SecretString& password) const override {
        return "new:" + std::string(password.reveal());
    }
    Result<bool> verify(std::string_view stored, const SecretString& password) const override {
        ++verifications;
        return stored.size() >= 4 && stored.substr(4) == password.reveal();
    }
    [[nodiscard]] bool needs_rehash(std::string_view stored) const override { return stored.starts_with("old:"); }
    [[nodiscard]] std::string scheme(std::string_view stored) const override {
        return std::string(stored.substr(0, stored.find(':')));
    }
    Result<std::string> wrap(std::string_view stored) const override {
        if (!needs_rehash(stored)) return invalid_input("not_wrappable", "The hash is current already");
        return "new:" + std::string(stored.substr(4));
    }
    [[nodiscard]] std::string_view dummy() const override { return "new:\x01"; }
    mutable int verifications = 0;
};

// Preparing a password turns wide spaces into plain ones, and refuses line feeds.
class PlainText final : public Text {
public:
    Result<EmailAddress> parse_email(std::string_view text) const override {
        if (text.find('@') == std::string_view::npos) return invalid_input("invalid_email", "It has no @");
        return EmailAddress{std::string(text), std::string(text)};
    }
    Result<SecretString> prepare_password(const SecretString& password) const override {
        if (password.reveal().find('\n') != std::string_view::npos) return invalid_input("invalid_password", "Control");
        std::string text(password.reveal());
        constexpr std::string_view wide_space = "\xE3\x80\x80";
        for (auto at = text.find(wide_space); at != std::string::npos; at = text.find(wide_space)) {
            text.replace(at, wide_space.size(), " ");
        }
        return SecretString(text);
    }
    [[nodiscard]] std::size_t count_characters(std::string_view text) const override { return text.size(); }
};

// Not secret at all, but another one for another context or data.
class PlainSecrets final : public SecretDeriver {
public:
    Result<SecretBytes> derive(std::string_view context, std::span<const std::uint8_t> data) const override {
        SecretBytes text(context.begin(), context.end());
        text.push_back(0);
        text.insert(text.end(), data.begin(), data.end());
        SecretBytes secret(32);
        for (std::size_t at = 0; at < std::max(text.size(), secret.size()); ++at) {
            auto& byte = secret[at % secret.size()];
            byte = static_cast<std::uint8_t>(byte * 31 + text[at % text.size()]);
        }
        return secret;
    }
};

// A signature is the text itself, under the kid "audit".
class PlainAuditSigner final : public AuditSigner {
public:
    Result<AuditSignature> sign_audit(std::span<const std::uint8_t> text) const override {
        return AuditSignature{"audit", {text.begin(), text.end()}};
    }
    [[nodiscard]] bool verify_audit(std::span<const std::uint8_t> text,
                                    const AuditSignature& signature) const override {
        return signature.kid == "audit" && std::ranges::equal(text, signature.bytes);
    }
    [[nodiscard]] std::string audit_jwks() const override { return R"({"keys":[]})"; }
};

// Tokens are entries of a table; the text of one is its place in it.
class TableSigner final : public Signer {
public:
    Result<std::string> access_kid() const override { return std::string("kid"); }
    Result<std::string> sign(const AccessClaims& claims, std::string_view) const override {
        tokens_.emplace(claims.token_id.text(), claims);
        return claims.token_id.text();
    }
    Result<std::string> sign(const RefreshClaims& claims) const override {
        return claims.session_id.text() + "." + std::to_string(claims.counter);
    }
    Result<std::string> sign(const StatusListClaims& claims) const override { return claims.subject; }
    Result<AccessClaims> read_access(std::string_view token) const override {
        ++reads;
        auto found = tokens_.find(std::string(token));
        if (found == tokens_.end()) return unauthenticated("invalid_token", "The signature is wrong");
        return found->second;
    }
    Result<RefreshClaims> read_refresh(std::string_view) const override {
        return unauthenticated("invalid_token", "The signature is wrong");
    }
    [[nodiscard]] std::uint64_t generation() const noexcept override { return keys_generation; }
    [[nodiscard]] std::shared_ptr<const std::string> jwks() const override { return nullptr; }
    mutable int reads = 0;
    std::uint64_t keys_generation = 1;

private:
    mutable std::map<std::string, AccessClaims> tokens_;
};

inline Actor actor() {
    return {"system", "192.0.2.1", "test"};
}

inline EmailAddress email(std::string address = "ada@example.org") {
    return {address, address};
}

// A store with one account that may log in with "correct".
inline std::unique_ptr<MemoryStore> store_with_account(Timestamp now) {
    auto store = std::make_unique<MemoryStore>(now);
    auto made = write_and_wait(*store, [&](Transaction& transaction) {
        return create_account(transaction,
                              {.email = email(),
                               .kind = AccountKind::standard,
                               .activated = true,
                               .verified = false,
                               .admin = false,
                               .password_hash = "new:correct",
                               .password_scheme = "new"},
                              actor(), now);
    });
    return made.has_value() ? std::move(store) : nullptr;
}

inline Result<TokenPair> log_in(Store& store, Timestamp now, bool permanent = false) {
    const PlainHasher hasher;
    auto attempt = TRY(read_and_wait(store, [&](Reader& reader) { return begin_login(reader, hasher, email().key); }));
    const auto check = TRY(check_password(hasher, PlainText(), attempt, SecretString("correct")));
    return write_and_wait(store, [&](Transaction& transaction) {
        return finish_login(transaction, attempt, check, permanent, actor(), policy(), "kid", now);
    });
}

inline Result<RefreshOutcome> refresh(Store& store, const RefreshClaims& claims, Timestamp now) {
    return write_and_wait(store, [&](Transaction& transaction) {
        return refresh_session(transaction, claims, actor(), policy(), "kid", now);
    });
}

}  // namespace postern::core::testing
