// See messages.cpp.
#include "api/oauth_messages.hpp"

#include "api/schema_derive.hpp"

namespace postern::api {

template Result<IntrospectionRequest> parse_form(const Form&);
template boost::json::object describe_schema<IntrospectionRequest>(SchemaUse);
template std::string serialise(const IntrospectionResponse&);
template boost::json::object describe_schema<IntrospectionResponse>(SchemaUse);

template Result<RevocationRequest> parse_form(const Form&);
template boost::json::object describe_schema<RevocationRequest>(SchemaUse);

template Result<GrantRequest> parse_form(const Form&);
template boost::json::object describe_schema<GrantRequest>(SchemaUse);
template std::string serialise(const GrantResponse&);
template boost::json::object describe_schema<GrantResponse>(SchemaUse);

template std::string serialise(const OAuthErrorResponse&);
template boost::json::object describe_schema<OAuthErrorResponse>(SchemaUse);

template std::string serialise(const ServerMetadata&);

}  // namespace postern::api
