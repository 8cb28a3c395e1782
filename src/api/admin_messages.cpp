// The one place where the derivations are compiled for each message of the administration.
#include "api/admin_messages.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "api/admin_account_messages.hpp"
#include "api/schema_derive.hpp"

namespace postern::api {
namespace {

// The scope-token of RFC 6749 section 3.3.
constexpr std::string_view role_pattern = R"(^[!#-\[\]-~]+$)";

}  // namespace

boost::json::object FieldType<Roles>::schema() {
    return {{"type", "array"},
            {"items", {{"type", "string"}, {"pattern", role_pattern}, {"maxLength", limits::role_bytes}}},
            {"maxItems", limits::roles_per_account}};
}

boost::json::object FieldType<Scopes>::schema() {
    return {{"type", "array"},
            {"items", {{"type", "string"}, {"pattern", role_pattern}, {"maxLength", limits::scope_bytes}}},
            {"maxItems", limits::scopes_per_owner}};
}

std::optional<JsonText> FieldType<JsonText>::read(const boost::json::value& value) {
    if (!value.is_object()) return std::nullopt;
    return JsonText{boost::json::serialize(value)};
}

boost::json::value FieldType<JsonText>::write(const JsonText& json) {
    boost::json::error_code error;
    auto value = boost::json::parse(json.text, error);
    return error ? boost::json::value(boost::json::object()) : value;
}

template Result<admin::AccountsQuery> parse_query(std::string_view);
template boost::json::object describe_schema<admin::AccountsQuery>(SchemaUse);

template Result<admin::SessionsQuery> parse_query(std::string_view);
template boost::json::object describe_schema<admin::SessionsQuery>(SchemaUse);

template Result<admin::AuditQuery> parse_query(std::string_view);
template boost::json::object describe_schema<admin::AuditQuery>(SchemaUse);

template Result<admin::OutboxQuery> parse_query(std::string_view);
template boost::json::object describe_schema<admin::OutboxQuery>(SchemaUse);

template Result<admin::CreateAccountRequest> parse_message(std::string_view);
template boost::json::object describe_schema<admin::CreateAccountRequest>(SchemaUse);

template Result<admin::ScopesRequest> parse_message(std::string_view);
template boost::json::object describe_schema<admin::ScopesRequest>(SchemaUse);

template Result<admin::ClaimsRequest> parse_message(std::string_view);
template boost::json::object describe_schema<admin::ClaimsRequest>(SchemaUse);

template Result<admin::RolesRequest> parse_message(std::string_view);
template boost::json::object describe_schema<admin::RolesRequest>(SchemaUse);

template std::string serialise(const admin::AccountMessage&);
template boost::json::object describe_schema<admin::AccountMessage>(SchemaUse);

template std::string serialise(const admin::AccountsPage&);
template boost::json::object describe_schema<admin::AccountsPage>(SchemaUse);

template std::string serialise(const admin::DoneResponse&);
template boost::json::object describe_schema<admin::DoneResponse>(SchemaUse);

template std::string serialise(const admin::SessionMessage&);
template boost::json::object describe_schema<admin::SessionMessage>(SchemaUse);

template std::string serialise(const admin::SessionsList&);
template boost::json::object describe_schema<admin::SessionsList>(SchemaUse);

template std::string serialise(const admin::EndedResponse&);
template boost::json::object describe_schema<admin::EndedResponse>(SchemaUse);

template std::string serialise(const admin::KeysList&);
template boost::json::object describe_schema<admin::KeysList>(SchemaUse);

template std::string serialise(const admin::AuditPage&);
template boost::json::object describe_schema<admin::AuditPage>(SchemaUse);

template std::string serialise(const admin::OutboxMessage&);
template boost::json::object describe_schema<admin::OutboxMessage>(SchemaUse);

template std::string serialise(const admin::OutboxPage&);
template boost::json::object describe_schema<admin::OutboxPage>(SchemaUse);

template std::string serialise(const admin::ThrottleResponse&);
template boost::json::object describe_schema<admin::ThrottleResponse>(SchemaUse);

}  // namespace postern::api
