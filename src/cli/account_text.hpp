// How accounts are shown, and what the commands about one account share. Inside this room only.
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <string>

#include "cli/command.hpp"
#include "core/accounts.hpp"

namespace postern::cli {

boost::json::value to_json(const core::Account& account);
// Claims of its own as JSON: an object, empty when it has none.
boost::json::value claims_of(const core::Account& account);
std::string line_of(const core::Account& account);   // for a list
std::string describe(const core::Account& account);  // in full

// A write step on the account of an address, in the transaction that read it.
using AccountStep =
    std::function<Result<core::Account>(core::Transaction&, core::Account, const core::Actor&, Timestamp)>;
Result<core::Account> step_on_account(const Call& call, core::Store& store, const core::EmailAddress& email,
                                      const AccountStep& step);

// A command `name EMAIL` that takes the step and says "<address> is <done>".
void add_account_step(CLI::App& group, Plan& plan, const Description& description, const AccountStep& step,
                      const std::string& done);

void add_account_create(CLI::App& group, Plan& plan);
void add_account_password(CLI::App& group, Plan& plan);
void add_account_roles(CLI::App& group, Plan& plan);
void add_account_claims(CLI::App& group, Plan& plan);
void add_account_mailing(CLI::App& group, Plan& plan);

}  // namespace postern::cli
