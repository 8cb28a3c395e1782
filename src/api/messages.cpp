// The one place where the derivations are compiled for each message.
#include "api/messages.hpp"

#include "api/schema_derive.hpp"

namespace postern::api {

template Result<LoginRequest> parse_message(std::string_view);
template boost::json::object describe_schema<LoginRequest>(SchemaUse);

template Result<RefreshRequest> parse_message(std::string_view);
template boost::json::object describe_schema<RefreshRequest>(SchemaUse);

template std::string serialise(const LoginResponse&);
template boost::json::object describe_schema<LoginResponse>(SchemaUse);

template std::string serialise(const RevokeResponse&);
template boost::json::object describe_schema<RevokeResponse>(SchemaUse);

template Result<VerifyQuery> parse_query(std::string_view);
template boost::json::object describe_schema<VerifyQuery>(SchemaUse);

template std::string serialise(const MeResponse&);
template boost::json::object describe_schema<MeResponse>(SchemaUse);

template Result<ErrorResponse> parse_message(std::string_view);
template boost::json::object describe_schema<ErrorResponse>(SchemaUse);

template std::string serialise(const HealthResponse&);

}  // namespace postern::api
