// What the flows about accounts share: the account of the path, and how one is told.
#pragma once

#include "api/admin_account_messages.hpp"
#include "base/result.hpp"
#include "core/store.hpp"
#include "http/message.hpp"

namespace postern::api::admin {

// The account whose id stands in the path. Errors: not_found "account_unknown".
Result<core::Account> account_of_path(core::Reader& reader, const http::Request& request);

AccountMessage describe_account(const core::Account& account);

}  // namespace postern::api::admin
