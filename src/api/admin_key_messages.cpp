// See messages.cpp.
#include "api/admin_key_messages.hpp"

#include "api/schema_derive.hpp"

namespace postern::api {

template Result<admin::RotateKeysRequest> parse_message(std::string_view);
template boost::json::object describe_schema<admin::RotateKeysRequest>(SchemaUse);
template Result<admin::RevokeKeyRequest> parse_message(std::string_view);
template boost::json::object describe_schema<admin::RevokeKeyRequest>(SchemaUse);

}  // namespace postern::api
