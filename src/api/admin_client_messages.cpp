// See messages.cpp.
#include "api/admin_client_messages.hpp"

#include "api/schema_derive.hpp"

namespace postern::api {

boost::json::object FieldType<ClientName>::schema() {
    return {{"type", "string"}, {"pattern", "^[!-~]([ -~]*[!-~])?$"}, {"maxLength", limits::client_name_bytes}};
}

boost::json::object FieldType<Audiences>::schema() {
    return {{"type", "array"},
            {"items", {{"type", "string"}, {"pattern", R"(^[!#-\[\]-~]+$)"}, {"maxLength", limits::audience_bytes}}},
            {"minItems", 1},
            {"maxItems", limits::audiences_per_client}};
}

template Result<admin::ClientsQuery> parse_query(std::string_view);
template boost::json::object describe_schema<admin::ClientsQuery>(SchemaUse);

template Result<admin::CreateClientRequest> parse_message(std::string_view);
template boost::json::object describe_schema<admin::CreateClientRequest>(SchemaUse);

template Result<admin::ChangeClientRequest> parse_message(std::string_view);
template boost::json::object describe_schema<admin::ChangeClientRequest>(SchemaUse);

template std::string serialise(const admin::ClientMessage&);
template boost::json::object describe_schema<admin::ClientMessage>(SchemaUse);

template std::string serialise(const admin::ClientSecretMessage&);
template boost::json::object describe_schema<admin::ClientSecretMessage>(SchemaUse);

template std::string serialise(const admin::ClientsPage&);
template boost::json::object describe_schema<admin::ClientsPage>(SchemaUse);

}  // namespace postern::api
