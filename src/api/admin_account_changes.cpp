// What an administrator changes about an account. None of it is a password: its holder chooses that, by a mailed link.
#include "api/admin_account.hpp"
#include "api/admin_messages.hpp"
#include "api/admin_routes.hpp"
#include "api/answer.hpp"
#include "api/body.hpp"
#include "api/messages.hpp"
#include "api/sign_in.hpp"
#include "core/accounts.hpp"
#include "core/invitation.hpp"
#include "core/password_reset.hpp"

namespace postern::api::admin {
namespace {

using Change = Result<core::Account> (*)(core::Transaction&, core::Account, const core::Actor&, Timestamp);

FlowResult change_account(const Service& service, const http::Request& request, Change step) {
    auto change = [&](core::Transaction& transaction, const core::Admin& admin) -> Result<core::Account> {
        auto account = TRY(account_of_path(transaction, request));
        return step(transaction, std::move(account), actor_of(request, admin), service.clock.now());
    };
    auto changed = co_await write_as_admin(service, request, std::move(change));
    const core::Account account = CO_TRY(std::move(changed));
    co_return answer(describe_account(account));
}

// The same for what a body says: read before the account is looked for, told about only to an administrator.
template <typename Message>
using ChangeTo = Result<core::Account> (*)(core::Transaction&, core::Account, const Message&, const core::Actor&,
                                           Timestamp);

template <typename Message>
FlowResult change_account_to(const Service& service, const http::Request& request, ChangeTo<Message> step) {
    const auto body = parse_body<Message>(request);
    auto change = [&](core::Transaction& transaction, const core::Admin& admin) -> Result<core::Account> {
        const Message wanted = TRY(body);
        auto account = TRY(account_of_path(transaction, request));
        return step(transaction, std::move(account), wanted, actor_of(request, admin), service.clock.now());
    };
    auto changed = co_await write_as_admin(service, request, std::move(change));
    const core::Account account = CO_TRY(std::move(changed));
    co_return answer(describe_account(account));
}

Facts facts_of_change(std::string_view operation_id, std::string_view summary, std::string_view description) {
    return {
        .operation_id = operation_id,
        .summary = summary,
        .description = description,
        .credential = Credential::admin_access_token,
        .answers =
            {
                {200, "The account as it is now", schema_of<AccountMessage>()},
                {409, "The account does not allow it; the message says why", schema_of<ErrorResponse>()},
            },
    };
}

using Mailing = Result<void> (*)(core::Transaction&, const core::SecretDeriver&, const core::Account&,
                                 const core::AccountPolicy&, const core::Actor&, Timestamp);

FlowResult mail_account(const Service& service, const http::Request& request, Mailing step) {
    auto mail = [&](core::Transaction& transaction, const core::Admin& admin) -> Result<core::Account> {
        auto account = TRY(account_of_path(transaction, request));
        TRY(step(transaction, service.secrets, account, service.account_policy, actor_of(request, admin),
                 service.clock.now()));
        return account;
    };
    auto mailed = co_await write_as_admin(service, request, std::move(mail));
    const core::Account account = CO_TRY(std::move(mailed));
    co_return answer_accepted(describe_account(account));
}

Facts facts_of_mailing(std::string_view operation_id, std::string_view summary, std::string_view description) {
    return {
        .operation_id = operation_id,
        .summary = summary,
        .description = description,
        .credential = Credential::admin_access_token,
        .answers =
            {
                {202, "The mail is queued", schema_of<AccountMessage>()},
                {409, "The account is disabled", schema_of<ErrorResponse>()},
            },
    };
}

}  // namespace

FlowResult activate_account(const Service& service, const http::Request& request) {
    return change_account(service, request, core::activate_account);
}

Facts describe_activate_account() {
    return facts_of_change("activateAccount", "Activate an account", "Lets a standard account log in.");
}

FlowResult verify_account(const Service& service, const http::Request& request) {
    return change_account(service, request, core::verify_account);
}

Facts describe_verify_account() {
    return facts_of_change("verifyAccount", "Take an address for verified",
                           "Lets a demo account log in, as if its holder had followed the link.");
}

FlowResult disable_account(const Service& service, const http::Request& request) {
    return change_account(service, request, core::disable_account);
}

Facts describe_disable_account() {
    return facts_of_change("disableAccount", "Disable an account",
                           "Ends its sessions, tokens and pending links, and refuses its logins until it is enabled.");
}

FlowResult enable_account(const Service& service, const http::Request& request) {
    return change_account(service, request, core::enable_account);
}

Facts describe_enable_account() {
    return facts_of_change("enableAccount", "Enable an account", "Undoes disable. Earlier sessions stay ended.");
}

FlowResult convert_account(const Service& service, const http::Request& request) {
    return change_account(service, request, core::convert_account);
}

Facts describe_convert_account() {
    return facts_of_change("convertAccount", "Make a standard account of a demo account",
                           "One that may log in still may.");
}

FlowResult invite_account(const Service& service, const http::Request& request) {
    return mail_account(service, request, core::invite_account);
}

Facts describe_invite_account() {
    return facts_of_mailing("inviteAccount", "Invite the holder of an account",
                            "Mails a link that activates the account and lets its holder choose a password. An "
                            "earlier invitation is void.");
}

FlowResult start_password_reset(const Service& service, const http::Request& request) {
    return mail_account(service, request, core::start_password_reset);
}

Facts describe_start_password_reset() {
    return facts_of_mailing("startPasswordReset", "Start a password reset",
                            "Mails the holder a link to choose a new password, as if they had asked for it. The "
                            "password that they have goes on working until they do.");
}

FlowResult set_roles(const Service& service, const http::Request& request) {
    return change_account_to<RolesRequest>(
        service, request,
        [](core::Transaction& transaction, core::Account account, const RolesRequest& wanted, const core::Actor& actor,
           Timestamp now) -> Result<core::Account> {
            account = TRY(core::set_roles(transaction, std::move(account), wanted.roles.words, actor, now));
            if (!wanted.admin.has_value()) return account;
            return core::set_admin(transaction, std::move(account), *wanted.admin, actor, now);
        });
}

Facts describe_set_roles() {
    Facts facts = facts_of_change("setRoles", "Set the roles of an account",
                                  "Replaces its roles, and grants or takes the administrator's. A change ends its "
                                  "sessions and tokens.");
    facts.body = Body::required;
    facts.request = schema_of<RolesRequest>();
    return facts;
}

FlowResult set_scopes(const Service& service, const http::Request& request) {
    return change_account_to<ScopesRequest>(service, request,
                                            [](core::Transaction& transaction, core::Account account,
                                               const ScopesRequest& wanted, const core::Actor& actor, Timestamp now) {
                                                return core::set_scopes(transaction, std::move(account),
                                                                        wanted.scopes.words, actor, now);
                                            });
}

Facts describe_set_scopes() {
    Facts facts = facts_of_change("setScopes", "Set the scopes of an account",
                                  "Replaces the scope of its tokens. A change ends its sessions and tokens.");
    facts.body = Body::required;
    facts.request = schema_of<ScopesRequest>();
    return facts;
}

FlowResult set_claims(const Service& service, const http::Request& request) {
    return change_account_to<ClaimsRequest>(service, request,
                                            [](core::Transaction& transaction, core::Account account,
                                               const ClaimsRequest& wanted, const core::Actor& actor, Timestamp now) {
                                                return core::set_custom_claims(transaction, std::move(account),
                                                                               wanted.claims.text, actor, now);
                                            });
}

Facts describe_set_claims() {
    Facts facts = facts_of_change("setClaims", "Set the claims of an account",
                                  "Replaces the further claims of its tokens, which stand beside Postern's own. A "
                                  "change ends its sessions and tokens.");
    facts.body = Body::required;
    facts.request = schema_of<ClaimsRequest>();
    return facts;
}

}  // namespace postern::api::admin
