// GET /audit of the administration: the trail, newest first.
#include <algorithm>

#include "api/admin_messages.hpp"
#include "api/admin_routes.hpp"
#include "api/answer.hpp"
#include "api/query.hpp"
#include "api/sign_in.hpp"

namespace postern::api::admin {
namespace {

AuditMessage describe(const core::AuditRecord& record) {
    return {.id = record.id,
            .at = record.at,
            .event = record.event,
            .outcome = record.outcome,
            .actor = record.actor,
            .account_id = record.account_id,
            .session_id = record.session_id,
            .address = record.address,
            .user_agent = record.user_agent,
            .detail = record.detail,
            .count = record.count,
            .sequence = record.sequence};
}

// The words are lower-case letters, dots and underscores; no event has another name.
bool is_no_event(const std::string& word) {
    return std::ranges::any_of(word, [](char c) { return c != '.' && c != '_' && (c < 'a' || c > 'z'); });
}

Result<AuditPage> find_page(core::Reader& reader, const AuditQuery& query) {
    AuditPage page;
    if (is_no_event(query.event)) return page;
    const core::AuditFilter filter{.account = query.account, .event = query.event};
    const std::size_t wanted = query.limit.entries;
    auto records = TRY(reader.search_audit(filter, Cursor::id_of<core::AuditTag>(query.cursor), wanted + 1));
    page.next_cursor = cut_page(records, wanted);
    for (const core::AuditRecord& record : records) page.records.push_back(describe(record));
    return page;
}

}  // namespace

FlowResult list_audit(const Service& service, const http::Request& request) {
    const auto query = parse_query<AuditQuery>(request.query);
    auto find = [&](core::Reader& reader, const core::Admin&) -> Result<AuditPage> {
        const AuditQuery asked = TRY(query);
        return find_page(reader, asked);
    };
    auto found = co_await read_as_admin(service, request, std::move(find));
    const AuditPage page = CO_TRY(std::move(found));
    co_return answer(page);
}

Facts describe_list_audit() {
    return {
        .operation_id = "listAudit",
        .summary = "Read the audit trail",
        .description = "The records that fit, newest first, a page at a time.",
        .credential = Credential::admin_access_token,
        .query = schema_of<AuditQuery>(),
        .answers = {{200, "A page of records", schema_of<AuditPage>()}},
    };
}

}  // namespace postern::api::admin
