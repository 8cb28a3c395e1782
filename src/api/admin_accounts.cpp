// /accounts of the administration: search, make, show, delete.
#include <algorithm>

#include "api/admin_account.hpp"
#include "api/admin_messages.hpp"
#include "api/admin_routes.hpp"
#include "api/answer.hpp"
#include "api/body.hpp"
#include "api/messages.hpp"
#include "api/sign_in.hpp"
#include "base/ascii.hpp"
#include "core/invitation.hpp"
#include "core/lockouts.hpp"
#include "core/profile.hpp"

namespace postern::api::admin {
namespace {

// What the key of an address may hold part of. A whole address is looked for as its key; the key's domain is ASCII.
std::string text_to_find(const Service& service, const std::string& text) {
    const auto email = service.text.parse_email(text);
    return email.has_value() ? email->key : to_lower_ascii(text);
}

bool stands_in_no_key(const std::string& text) {
    return std::ranges::any_of(text, [](char c) { return c <= ' ' || c > '~'; });
}

Result<AccountsPage> find_page(const Service& service, core::Reader& reader, const AccountsQuery& query) {
    core::AccountFilter filter{.text = text_to_find(service, query.query),
                               .kind = query.kind,
                               .admin = query.admin,
                               .disabled = std::nullopt,
                               .active = std::nullopt};
    if (stands_in_no_key(filter.text)) return AccountsPage();
    if (query.state) core::narrow(filter, *query.state);
    const std::size_t wanted = query.limit.entries;
    auto accounts = TRY(reader.search_accounts(filter, Cursor::id_of<core::AccountTag>(query.cursor), wanted + 1));
    AccountsPage page;
    page.next_cursor = cut_page(accounts, wanted);
    for (const core::Account& account : accounts) page.accounts.push_back(describe_account(account));
    return page;
}

struct Wanted {
    core::NewAccount account;
    bool invite = false;
};

Result<Wanted> read_wanted(const Service& service, const http::Request& request) {
    auto body = TRY(parse_body<CreateAccountRequest>(request));
    Wanted wanted{.account = {.email = TRY(service.text.parse_email(body.email)),
                              .kind = body.kind,
                              .activated = body.activated,
                              .verified = body.verified,
                              .admin = body.admin,
                              .password_hash = {},
                              .password_scheme = {}},
                  .invite = body.invite};
    wanted.account.display_name = TRY(core::accept_display_name(service.text, body.display_name));
    wanted.account.locale = TRY(core::accept_locale(body.locale));
    wanted.account.roles = TRY(core::accept_roles(std::move(body.roles.words)));
    return wanted;
}

}  // namespace

FlowResult list_accounts(const Service& service, const http::Request& request) {
    const auto query = parse_query<AccountsQuery>(request.query);
    auto find = [&](core::Reader& reader, const core::Admin&) -> Result<AccountsPage> {
        const AccountsQuery asked = TRY(query);
        return find_page(service, reader, asked);
    };
    auto found = co_await read_as_admin(service, request, std::move(find));
    const AccountsPage page = CO_TRY(std::move(found));
    co_return answer(page);
}

Facts describe_list_accounts() {
    return {
        .operation_id = "listAccounts",
        .summary = "Search accounts",
        .description = "The accounts that fit, in the order of their making, a page at a time.",
        .credential = Credential::admin_access_token,
        .query = schema_of<AccountsQuery>(),
        .answers = {{200, "A page of accounts", schema_of<AccountsPage>()}},
    };
}

FlowResult create_account(const Service& service, const http::Request& request) {
    const auto read = read_wanted(service, request);
    auto create = [&](core::Transaction& transaction, const core::Admin& admin) -> Result<core::Account> {
        const Wanted wanted = TRY(read);
        const core::Actor actor = actor_of(request, admin);
        const Timestamp now = service.clock.now();
        auto account = TRY(core::create_account(transaction, wanted.account, actor, now));
        if (wanted.invite) {
            TRY(core::invite_account(transaction, service.secrets, account, service.account_policy, actor, now));
        }
        return account;
    };
    auto created = co_await write_as_admin(service, request, std::move(create));
    const core::Account account = CO_TRY(std::move(created));
    auto response = answer(describe_account(account));
    response.status = 201;
    co_return response;
}

Facts describe_create_account() {
    return {
        .operation_id = "createAccount",
        .summary = "Make an account",
        .description =
            "Makes an account without a password. With invite its holder is mailed a link to choose one; "
            "without, an invitation or a password reset lets them do so later.",
        .credential = Credential::admin_access_token,
        .body = Body::required,
        .request = schema_of<CreateAccountRequest>(),
        .answers =
            {
                {201, "The account", schema_of<AccountMessage>()},
                {409, "There is an account with this address already", schema_of<ErrorResponse>()},
            },
    };
}

FlowResult show_account(const Service& service, const http::Request& request) {
    auto find = [&](core::Reader& reader, const core::Admin&) -> Result<AccountMessage> {
        const auto account = TRY(account_of_path(reader, request));
        AccountMessage message = describe_account(account);
        message.locked_until = TRY(core::find_lockout(reader, account, service.throttle.policy(), service.clock.now()));
        return message;
    };
    auto found = co_await read_as_admin(service, request, std::move(find));
    const AccountMessage message = CO_TRY(std::move(found));
    co_return answer(message);
}

Facts describe_show_account() {
    return {
        .operation_id = "showAccount",
        .summary = "Show an account",
        .description = "One account as it stands now.",
        .credential = Credential::admin_access_token,
        .answers = {{200, "The account", schema_of<AccountMessage>()}},
    };
}

FlowResult delete_account(const Service& service, const http::Request& request) {
    auto erase = [&](core::Transaction& transaction, const core::Admin& admin) -> Result<void> {
        auto account = TRY(account_of_path(transaction, request));
        return core::delete_account(transaction, std::move(account), actor_of(request, admin), service.clock.now());
    };
    auto erased = co_await write_as_admin(service, request, std::move(erase));
    CO_TRY(std::move(erased));
    co_return answer(DoneResponse{"The account is deleted, its sessions and tokens have ended"});
}

Facts describe_delete_account() {
    return {
        .operation_id = "deleteAccount",
        .summary = "Delete an account",
        .description = "Deletes the account with its sessions, tokens and pending links.",
        .credential = Credential::admin_access_token,
        .answers =
            {
                {200, "It is deleted", schema_of<DoneResponse>()},
                {409, "It is the last active administrator", schema_of<ErrorResponse>()},
            },
    };
}

}  // namespace postern::api::admin
