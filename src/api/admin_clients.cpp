// /clients of the administration: service accounts and what they may do. A secret is told to whoever makes it, once.
#include "api/admin_client_messages.hpp"
#include "api/admin_messages.hpp"
#include "api/admin_routes.hpp"
#include "api/answer.hpp"
#include "api/await.hpp"
#include "api/body.hpp"
#include "api/messages.hpp"
#include "api/sign_in.hpp"
#include "core/clients.hpp"

namespace postern::api::admin {
namespace {

Result<core::ClientId> id_of_path(const http::Request& request) {
    return get_path_id<core::ClientId>(request, "client_unknown", "client");
}

ClientMessage describe(const core::Client& client) {
    return {.id = client.id,
            .name = {client.name},
            .audiences = {client.audiences},
            .scopes = {client.scopes},
            .created_at = client.created_at,
            .updated_at = client.updated_at,
            .disabled_at = client.disabled_at};
}

http::Response answer_secret(const core::ClientWithSecret& made, int status) {
    ClientSecretMessage message;
    message.client = describe(made.client);
    message.client_secret = made.secret.copy();
    auto response = answer(message);
    response.status = status;
    return response;
}

// Once this node knows what the client has become: it refuses at once who was shut out.
FlowResult answer_once_known(const Service& service, http::Response response) {
    auto known = co_await await_catch_up(service.client_updater);
    CO_TRY(std::move(known));
    co_return response;
}

// A write step on the client of the path.
using Step = Result<core::Client> (*)(core::Transaction&, const core::ClientId&, const core::Actor&, Timestamp);

FlowResult take_step(const Service& service, const http::Request& request, Step step) {
    auto change = [&](core::Transaction& transaction, const core::Admin& admin) -> Result<core::Client> {
        const auto id = TRY(id_of_path(request));
        return step(transaction, id, actor_of(request, admin), service.clock.now());
    };
    auto changed = co_await write_as_admin(service, request, std::move(change));
    const core::Client client = CO_TRY(std::move(changed));
    auto response = answer(describe(client));
    co_return co_await answer_once_known(service, std::move(response));
}

Facts facts_of_step(std::string_view operation_id, std::string_view summary, std::string_view description) {
    return {
        .operation_id = operation_id,
        .summary = summary,
        .description = description,
        .credential = Credential::admin_access_token,
        .answers = {{200, "The client as it is now", schema_of<ClientMessage>()}},
    };
}

Result<core::NewClient> read_wanted(const http::Request& request) {
    auto body = TRY(parse_body<CreateClientRequest>(request));
    return core::NewClient{std::move(body.name.text), std::move(body.audiences.words), std::move(body.scopes.words)};
}

Result<core::ClientChange> read_change(const http::Request& request) {
    auto body = TRY(parse_body<ChangeClientRequest>(request));
    core::ClientChange change;
    if (body.name) change.name = std::move(body.name->text);
    if (body.audiences) change.audiences = std::move(body.audiences->words);
    if (body.scopes) change.scopes = std::move(body.scopes->words);
    return change;
}

}  // namespace

FlowResult list_clients(const Service& service, const http::Request& request) {
    const auto query = parse_query<ClientsQuery>(request.query);
    auto find = [&](core::Reader& reader, const core::Admin&) -> Result<ClientsPage> {
        const ClientsQuery asked = TRY(query);
        auto clients = TRY(reader.list_clients(Cursor::id_of<core::ClientTag>(asked.cursor), asked.limit.entries + 1));
        ClientsPage page;
        page.next_cursor = cut_page(clients, asked.limit.entries);
        for (const core::Client& client : clients) page.clients.push_back(describe(client));
        return page;
    };
    auto found = co_await read_as_admin(service, request, std::move(find));
    const ClientsPage page = CO_TRY(std::move(found));
    co_return answer(page);
}

Facts describe_list_clients() {
    return {
        .operation_id = "listClients",
        .summary = "List the clients",
        .description = "The service accounts, in the order of their making, a page at a time.",
        .credential = Credential::admin_access_token,
        .query = schema_of<ClientsQuery>(),
        .answers = {{200, "A page of clients", schema_of<ClientsPage>()}},
    };
}

FlowResult create_client(const Service& service, const http::Request& request) {
    const auto read = read_wanted(request);
    auto create = [&](core::Transaction& transaction, const core::Admin& admin) -> Result<core::ClientWithSecret> {
        const core::NewClient wanted = TRY(read);
        return core::create_client(transaction, wanted, actor_of(request, admin), service.clock.now());
    };
    auto created = co_await write_as_admin(service, request, std::move(create));
    const core::ClientWithSecret made = CO_TRY(std::move(created));
    // So that it may call at once. Should that fail, it may soon; and its secret will not be shown again.
    const auto known = co_await await_catch_up(service.client_updater);
    static_cast<void>(known);
    co_return answer_secret(made, 201);
}

Facts describe_create_client() {
    return {
        .operation_id = "createClient",
        .summary = "Make a client",
        .description = "Makes a service account. The answer holds its secret, which is shown this once.",
        .credential = Credential::admin_access_token,
        .body = Body::required,
        .request = schema_of<CreateClientRequest>(),
        .answers =
            {
                {201, "The client and its secret", schema_of<ClientSecretMessage>()},
                {409, "There is a client with this name already, or as many as there may be",
                 schema_of<ErrorResponse>()},
            },
    };
}

FlowResult show_client(const Service& service, const http::Request& request) {
    auto find = [&](core::Reader& reader, const core::Admin&) -> Result<core::Client> {
        const auto id = TRY(id_of_path(request));
        return core::get_client(reader, id);
    };
    auto found = co_await read_as_admin(service, request, std::move(find));
    const core::Client client = CO_TRY(std::move(found));
    co_return answer(describe(client));
}

Facts describe_show_client() {
    Facts facts = facts_of_step("showClient", "Show a client", "One client as it stands now.");
    facts.answers.front().description = "The client";
    return facts;
}

FlowResult change_client(const Service& service, const http::Request& request) {
    const auto read = read_change(request);
    auto change = [&](core::Transaction& transaction, const core::Admin& admin) -> Result<core::Client> {
        const core::ClientChange wanted = TRY(read);
        const auto id = TRY(id_of_path(request));
        return core::change_client(transaction, id, wanted, actor_of(request, admin), service.clock.now());
    };
    auto changed = co_await write_as_admin(service, request, std::move(change));
    const core::Client client = CO_TRY(std::move(changed));
    auto response = answer(describe(client));
    co_return co_await answer_once_known(service, std::move(response));
}

Facts describe_change_client() {
    Facts facts = facts_of_step("changeClient", "Change a client",
                                "Changes what the body names. Taking an audience or a scope away ends its tokens.");
    facts.body = Body::required;
    facts.request = schema_of<ChangeClientRequest>();
    facts.answers.push_back({409, "Another client has this name", schema_of<ErrorResponse>()});
    return facts;
}

FlowResult renew_client_secret(const Service& service, const http::Request& request) {
    auto renew = [&](core::Transaction& transaction, const core::Admin& admin) -> Result<core::ClientWithSecret> {
        const auto id = TRY(id_of_path(request));
        return core::renew_client_secret(transaction, id, actor_of(request, admin), service.clock.now());
    };
    auto renewed = co_await write_as_admin(service, request, std::move(renew));
    const core::ClientWithSecret made = CO_TRY(std::move(renewed));
    auto response = answer_secret(made, 200);
    co_return co_await answer_once_known(service, std::move(response));
}

Facts describe_renew_client_secret() {
    Facts facts =
        facts_of_step("renewClientSecret", "Give a client another secret",
                      "The former secret and the tokens that it got are refused from now on. The answer holds "
                      "the new one, which is shown this once.");
    facts.answers = {{200, "The client and its new secret", schema_of<ClientSecretMessage>()}};
    return facts;
}

FlowResult disable_client(const Service& service, const http::Request& request) {
    return take_step(service, request, core::disable_client);
}

Facts describe_disable_client() {
    return facts_of_step("disableClient", "Disable a client", "Refuses it and its tokens until it is enabled.");
}

FlowResult enable_client(const Service& service, const http::Request& request) {
    return take_step(service, request, core::enable_client);
}

Facts describe_enable_client() {
    return facts_of_step("enableClient", "Enable a client", "Undoes disable. Earlier tokens stay refused.");
}

FlowResult delete_client(const Service& service, const http::Request& request) {
    auto erase = [&](core::Transaction& transaction, const core::Admin& admin) -> Result<void> {
        const auto id = TRY(id_of_path(request));
        return core::delete_client(transaction, id, actor_of(request, admin), service.clock.now());
    };
    auto erased = co_await write_as_admin(service, request, std::move(erase));
    CO_TRY(std::move(erased));
    auto response = answer(DoneResponse{"The client is deleted, its tokens are refused"});
    co_return co_await answer_once_known(service, std::move(response));
}

Facts describe_delete_client() {
    return {
        .operation_id = "deleteClient",
        .summary = "Delete a client",
        .description = "Deletes the client and refuses its tokens.",
        .credential = Credential::admin_access_token,
        .answers = {{200, "It is deleted", schema_of<DoneResponse>()}},
    };
}

}  // namespace postern::api::admin
