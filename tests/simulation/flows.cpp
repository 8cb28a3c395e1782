// The clients, each as src/api strings the same steps together, with what it was told handed to the model.
#include <algorithm>

#include "core/accounts.hpp"
#include "core/outbox.hpp"
#include "core/own_sessions.hpp"
#include "core/password_change.hpp"
#include "core/password_reset.hpp"
#include "core/revocation.hpp"
#include "world.hpp"

namespace postern::simulation {
namespace {

// Whoever is told this knows that nothing was done.
bool says_no(const Error& error) {
    return error.kind == ErrorKind::unauthenticated || error.kind == ErrorKind::forbidden;
}

}  // namespace

void World::log_in() {
    const core::Account account = some_account();
    const auto& known = passwords_.at(account.id);
    // Mostly the newest, which a reset that is not acknowledged yet may not have brought.
    const std::string password = dice_.one_in(4) ? known[dice_.below(known.size())] : known.back();
    const bool permanent = dice_.one_in(2);
    const bool should = model_.may_log_in(account.id, "new:" + password);
    const auto attempt = core::read_and_wait(
        *server_, [&](core::Reader& reader) { return core::begin_login(reader, hasher_, account.email_key); });
    pause();
    const auto check = core::check_password(hasher_, text_, *attempt, SecretString(password));
    pause();
    const auto kid = server_->signer().access_kid();
    // It admits by itself too: without the look before, a change in between is all that stands in the way.
    const auto pair = write({.flow = "login", .verified_hash = attempt->hash}, [&](core::Transaction& transaction) {
        return core::finish_login(transaction, *attempt, *check, permanent, actor(), policy_, *kid, clock_.now());
    });
    if (pair.has_value()) return hold(*pair);
    const bool unchanged = model_.version_of(account.id) == account.security_version;
    if (should && unchanged && says_no(pair.error())) {
        throw Violation("a login with the right password was refused: " + pair.error().message);
    }
}

void World::refresh() {
    const Held* chosen = some_held();
    if (chosen == nullptr) return;
    const Held held = *chosen;
    const std::size_t began = step_;
    auto claims = server_->signer().read_refresh(held.refresh);
    if (!claims.has_value() && claims.error().code == core::unknown_key_code) {
        server_->load_keys();
        claims = server_->signer().read_refresh(held.refresh);
    }
    if (!claims.has_value() || !core::check_refresh_claims(*claims, policy_, clock_.now()).has_value()) return;
    const auto kid = server_->signer().access_kid();
    Timestamp now;
    const auto outcome = write({.flow = "refresh", .presented = claims->counter}, [&](core::Transaction& transaction) {
        now = clock_.now();
        return core::refresh_session(transaction, *claims, actor(), policy_, *kid, now);
    });
    if (!outcome.has_value()) return;
    note("refreshed " + claims->session_id.text() + "." + std::to_string(claims->counter) + " with outcome " +
         std::to_string(static_cast<int>(outcome->status)));
    model_.refreshed(*claims, *outcome, now, began);
    if (outcome->status == core::RefreshStatus::reused) model_.session_ended(claims->session_id, step_);
    if (outcome->pair) hold(*outcome->pair);
}

std::optional<core::SignedIn> World::sign_in(const std::string& token) {
    auto bearer = server_->checker().check(token, core::Knowledge::as_it_is);
    if (!bearer.has_value()) return std::nullopt;
    return *core::AccessChecker::check_account(*bearer);
}

void World::revoke_access() {
    const Held* chosen = some_held();
    if (chosen == nullptr) return;
    const auto caller = sign_in(chosen->access);
    if (!caller) return;
    pause();
    const auto revoked = write({.flow = "revoke an access token"}, [&](core::Transaction& transaction) {
        return core::revoke_access_token(transaction, caller->claims(), actor(), clock_.now());
    });
    if (revoked.has_value()) model_.token_ended(caller->claims().token_id, step_);
}

void World::revoke_refresh() {
    const Held* chosen = some_held();
    if (chosen == nullptr) return;
    const auto claims = chosen->refresh_claims;
    const auto revoked = write({.flow = "revoke a refresh token"}, [&](core::Transaction& transaction) {
        return core::revoke_refresh(transaction, claims, actor(), clock_.now());
    });
    if (revoked.has_value()) model_.session_ended(claims.session_id, step_);
}

void World::log_out() {
    const Held* chosen = some_held();
    if (chosen == nullptr) return;
    const auto caller = sign_in(chosen->access);
    if (!caller) return;
    const auto out = write({.flow = "log out"}, [&](core::Transaction& transaction) {
        return core::log_out(transaction, *caller, actor(), clock_.now());
    });
    if (out.has_value()) model_.session_ended(caller->session(), step_);
}

void World::end_all_sessions() {
    const std::size_t number = ++writes_;
    const core::Account chosen = some_account();
    const auto done = write({.flow = "end all sessions", .number = number},
                            [&](core::Transaction& transaction) -> Result<std::size_t> {
                                const auto account = TRY(core::get_account(transaction, chosen.id));
                                return core::end_sessions_by_operator(transaction, account, actor(), clock_.now());
                            });
    if (done.has_value()) model_.sessions_ended(number, step_);
}

void World::change_password() {
    const Held* chosen = some_held();
    if (chosen == nullptr) return;
    const auto caller = sign_in(chosen->access);
    if (!caller) return;
    const core::AccountId id = caller->account();
    const auto attempt = core::read_and_wait(*server_, [&](core::Reader& reader) {
        return core::begin_login(reader, hasher_, model_.accounts().at(id).email_key);
    });
    pause();
    const auto check = core::check_password(hasher_, text_, *attempt, SecretString(passwords_.at(id).back()));
    const auto who = core::confirm_password(*caller, *attempt, *check);
    if (!who.has_value()) return;
    const std::size_t number = ++writes_;
    const std::string password = "changed-" + std::to_string(++passwords_made_);
    const auto done =
        write({.flow = "change the password", .number = number, .kept = caller->session()},
              [&](core::Transaction& transaction) {
                  return core::change_password(transaction, *who, {"new:" + password, "new"}, actor(), clock_.now());
              });
    if (done.has_value()) {
        passwords_.at(id).push_back(password);
        model_.sessions_ended(number, step_);
    }
}

void World::forget_password() {
    const core::Account account = some_account();
    (void)write({.flow = "forget the password"}, [&](core::Transaction& transaction) {
        return core::request_password_reset(transaction, secrets_, {account.email_key, account.email}, account_policy_,
                                            actor(), clock_.now());
    });
}

// With the link of some mail, used or not.
void World::reset_password() {
    const auto& outbox = server_->others().outbox;
    if (outbox.empty()) return;
    auto mail = outbox.begin();
    std::advance(mail, static_cast<std::ptrdiff_t>(dice_.one_in(2) ? outbox.size() - 1 : dice_.below(outbox.size())));
    if (!mail->second.token_id || !mail->second.account_id) return;
    const core::MailTokenId link = *mail->second.token_id;
    const core::AccountId id = *mail->second.account_id;
    const auto text = core::text_of_mail_token(secrets_, link);
    const std::size_t number = ++writes_;
    const std::string password = "reset-" + std::to_string(++passwords_made_);
    pause();
    const auto done = write({.flow = "reset the password", .number = number}, [&](core::Transaction& transaction) {
        return core::reset_password(transaction, text->reveal(), {"new:" + password, "new"}, actor(), clock_.now());
    });
    if (!done.has_value()) return;
    model_.link_used(link);
    passwords_.at(id).push_back(password);
    model_.sessions_ended(number, step_);
}

void World::disable() {
    const std::size_t number = ++writes_;
    const core::Account chosen = some_account();
    const auto done =
        write({.flow = "disable", .number = number}, [&](core::Transaction& transaction) -> Result<core::Account> {
            const auto account = TRY(core::get_account(transaction, chosen.id));
            return core::disable_account(transaction, account, actor(), clock_.now());
        });
    if (done.has_value()) model_.sessions_ended(number, step_);
}

void World::enable() {
    const core::Account chosen = some_account();
    (void)write({.flow = "enable"}, [&](core::Transaction& transaction) -> Result<core::Account> {
        const auto account = TRY(core::get_account(transaction, chosen.id));
        return core::enable_account(transaction, account, actor(), clock_.now());
    });
}

void World::change_role() {
    const core::Account chosen = some_account();
    const bool admin = dice_.one_in(2);
    (void)write({.flow = "change a role"}, [&](core::Transaction& transaction) -> Result<core::Account> {
        const auto account = TRY(core::get_account(transaction, chosen.id));
        return core::set_admin(transaction, account, admin, actor(), clock_.now());
    });
}

void World::rotate_keys() {
    const bool by_hand = dice_.one_in(3);
    const bool at_once = dice_.one_in(2);
    const auto done = write({.flow = "rotate keys"}, [&](core::Transaction& transaction) {
        return by_hand ? core::request_rotation(transaction, vault_, rotation_, std::nullopt, at_once, actor(),
                                                clock_.now())
                       : core::rotate_due_keys(transaction, vault_, rotation_, actor(), clock_.now());
    });
    if (!done.has_value()) return;
    pause();
    server_->load_keys();
}

void World::revoke_key() {
    const Held* chosen = some_held();
    if (chosen == nullptr) return;
    const std::string kid = chosen->kid;
    const auto done = write({.flow = "revoke a key"}, [&](core::Transaction& transaction) {
        return core::revoke_key(transaction, vault_, rotation_, kid, "simulated", actor(), clock_.now());
    });
    if (!done.has_value()) return;
    pause();
    server_->load_keys();
    model_.key_ended(kid, step_);
}

void World::sweep() {
    server_->sweep(std::chrono::hours(24));
    std::erase_if(server_->others().outbox,
                  [&](const auto& entry) { return entry.second.created_at < clock_.now() - std::chrono::hours(24); });
}

}  // namespace postern::simulation
