// Many accounts at once, for imports.
#include <algorithm>
#include <map>
#include <string>

#include "base/limits.hpp"
#include "store/account_columns.hpp"
#include "store/transaction.hpp"

namespace postern::store {
namespace {

constexpr std::size_t columns_per_account = std::tuple_size_v<decltype(account_values(core::Account()))>;
// Accounts in one statement. More save little: the texts grow, and each engine's look-up of a parameter with them.
constexpr std::size_t accounts_per_statement = 50;

std::string insert_statement(std::size_t accounts) {
    std::string sql = "INSERT INTO accounts (" ACCOUNT_COLUMNS ") VALUES ";
    for (std::size_t i = 0; i < accounts * columns_per_account; ++i) {
        sql += i % columns_per_account != 0 ? ", $" : i == 0 ? "($" : "), ($";
        sql += std::to_string(i + 1);
    }
    return sql + ") ON CONFLICT DO NOTHING RETURNING email_key, id";
}

// For as long as the program runs, as the driver asks of a statement's text.
std::string_view insert_one() {
    static const std::string sql = insert_statement(1);
    return sql;
}
std::string_view insert_many() {
    static const std::string sql = insert_statement(accounts_per_statement);
    return sql;
}

// What a row that was inserted is told by: two accounts may share an address or an id, and one of them be refused.
using Identity = std::pair<std::string, core::AccountId>;

}  // namespace

Result<std::vector<bool>> SqlTransaction::insert_accounts(std::span<const core::Account> accounts) {
    std::map<Identity, std::size_t> places;
    for (std::size_t i = 0; i < accounts.size(); ++i) {
        places.try_emplace(Identity(accounts[i].email_key, accounts[i].id), i);
    }
    std::vector<bool> inserted(accounts.size());
    std::vector<Value> parameters;
    parameters.reserve(accounts_per_statement * columns_per_account);
    while (!accounts.empty()) {
        const bool many = accounts.size() >= accounts_per_statement;
        const std::size_t taken = many ? accounts_per_statement : 1;
        parameters.clear();
        for (const auto& account : accounts.first(taken)) {
            auto of_account = account_values(account);
            std::ranges::move(of_account, std::back_inserter(parameters));
        }
        auto outcome = TRY(connection_.execute(many ? insert_many() : insert_one(), parameters));
        for (auto& row : outcome.rows) {
            Columns columns(row);
            auto email_key = columns.text();
            inserted[places.at(Identity(std::move(email_key), columns.id<core::AccountId>()))] = true;
        }
        accounts = accounts.subspan(taken);
    }
    return inserted;
}

}  // namespace postern::store
