// The outbox as an administrator sees it: what waits, what was given up, and trying that again.
#include "api/admin_messages.hpp"
#include "api/admin_routes.hpp"
#include "api/answer.hpp"
#include "api/messages.hpp"
#include "api/sign_in.hpp"
#include "core/outbox_control.hpp"

namespace postern::api::admin {
namespace {

OutboxMessage describe(const core::OutboxEntry& entry) {
    return {.id = entry.id,
            .kind = entry.kind,
            .topic = entry.topic,
            .state = entry.state,
            .account_id = entry.account_id,
            .recipient = entry.recipient,
            .created_at = entry.created_at,
            .due_at = entry.due_at,
            .attempts = entry.attempts,
            .last_error = entry.last_error,
            .finished_at = entry.finished_at};
}

Result<OutboxPage> find_page(core::Reader& reader, const OutboxQuery& query) {
    const std::size_t wanted = query.limit.entries;
    auto entries = TRY(reader.list_outbox(query.state, Cursor::id_of<core::OutboxTag>(query.cursor), wanted + 1));
    OutboxPage page;
    page.next_cursor = cut_page(entries, wanted);
    for (const core::OutboxEntry& entry : entries) page.entries.push_back(describe(entry));
    return page;
}

}  // namespace

FlowResult list_outbox(const Service& service, const http::Request& request) {
    const auto query = parse_query<OutboxQuery>(request.query);
    auto find = [&](core::Reader& reader, const core::Admin&) -> Result<OutboxPage> {
        const OutboxQuery asked = TRY(query);
        return find_page(reader, asked);
    };
    auto found = co_await read_as_admin(service, request, std::move(find));
    const OutboxPage page = CO_TRY(std::move(found));
    co_return answer(page);
}

Facts describe_list_outbox() {
    return {
        .operation_id = "listOutbox",
        .summary = "List mails and webhooks",
        .description = "What is to be sent, was sent lately, or was given up; newest first, a page at a time.",
        .credential = Credential::admin_access_token,
        .query = schema_of<OutboxQuery>(),
        .answers = {{200, "A page of entries", schema_of<OutboxPage>()}},
    };
}

FlowResult retry_outbox(const Service& service, const http::Request& request) {
    auto retry = [&](core::Transaction& transaction, const core::Admin& admin) -> Result<core::OutboxEntry> {
        const core::OutboxId id = TRY(get_path_id<core::OutboxId>(request, "outbox_unknown", "entry"));
        return core::retry_outbox(transaction, id, actor_of(request, admin), service.clock.now());
    };
    auto retried = co_await write_as_admin(service, request, std::move(retry));
    const core::OutboxEntry entry = CO_TRY(std::move(retried));
    co_return answer(describe(entry));
}

Facts describe_retry_outbox() {
    return {
        .operation_id = "retryOutbox",
        .summary = "Try an entry again",
        .description =
            "What was given up, or waits for a later attempt, is due now. What is due within minutes is "
            "left alone: it may be on its way.",
        .credential = Credential::admin_access_token,
        .answers =
            {
                {200, "The entry as it is now", schema_of<OutboxMessage>()},
                {409, "It was sent already", schema_of<ErrorResponse>()},
            },
    };
}

FlowResult delete_outbox(const Service& service, const http::Request& request) {
    auto erase = [&](core::Transaction& transaction, const core::Admin& admin) -> Result<void> {
        const core::OutboxId id = TRY(get_path_id<core::OutboxId>(request, "outbox_unknown", "entry"));
        return core::delete_outbox(transaction, id, actor_of(request, admin), service.clock.now());
    };
    auto erased = co_await write_as_admin(service, request, std::move(erase));
    CO_TRY(std::move(erased));
    co_return answer(DoneResponse{"The entry is deleted; what was not on its way will not be sent"});
}

Facts describe_delete_outbox() {
    return {
        .operation_id = "deleteOutbox",
        .summary = "Delete an entry",
        .description = "Deletes a mail or webhook, sent or not.",
        .credential = Credential::admin_access_token,
        .answers = {{200, "It is deleted", schema_of<DoneResponse>()}},
    };
}

}  // namespace postern::api::admin
