#include "api/self_service_messages.hpp"

#include "api/schema_derive.hpp"

namespace postern::api {

template Result<SignUpRequest> parse_message(std::string_view);
template boost::json::object describe_schema<SignUpRequest>(SchemaUse);

template Result<EmailRequest> parse_message(std::string_view);
template boost::json::object describe_schema<EmailRequest>(SchemaUse);

template Result<LinkRequest> parse_message(std::string_view);
template boost::json::object describe_schema<LinkRequest>(SchemaUse);

template Result<NewPasswordRequest> parse_message(std::string_view);
template boost::json::object describe_schema<NewPasswordRequest>(SchemaUse);

template Result<ChangePasswordRequest> parse_message(std::string_view);
template boost::json::object describe_schema<ChangePasswordRequest>(SchemaUse);

template Result<ChangeEmailRequest> parse_message(std::string_view);
template boost::json::object describe_schema<ChangeEmailRequest>(SchemaUse);

template Result<ProfileRequest> parse_message(std::string_view);
template boost::json::object describe_schema<ProfileRequest>(SchemaUse);

template Result<PasswordRequest> parse_message(std::string_view);
template boost::json::object describe_schema<PasswordRequest>(SchemaUse);

template std::string serialise(const DoneResponse&);
template boost::json::object describe_schema<DoneResponse>(SchemaUse);

template std::string serialise(const SessionsResponse&);
template boost::json::object describe_schema<SessionsResponse>(SchemaUse);

}  // namespace postern::api
