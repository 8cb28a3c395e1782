#include "api/query.hpp"

#include <gtest/gtest.h>

#include "api/admin_account_messages.hpp"
#include "api/admin_messages.hpp"
#include "base/encoding.hpp"

namespace postern::api {
namespace {

using admin::AccountsQuery;

TEST(Query, IsTakenApartAndDecoded) {
    const auto parameters = split_query("a=1&b=x%20y+z&c=&d&e=%3D%26&%66=%c3%bc&&").take();
    const std::map<std::string, std::string, std::less<>> expected = {{"a", "1"}, {"b", "x y z"}, {"c", ""},
                                                                      {"d", ""},  {"e", "=&"},    {"f", "\xc3\xbc"}};
    EXPECT_EQ(parameters, expected);
    EXPECT_TRUE(split_query("").take().empty());
    EXPECT_EQ(split_query("a=b=c").take().at("a"), "b=c");
}

TEST(Query, RefusesWhatIsNoEncodingAndWhatStandsTwice) {
    for (const auto* query : {"a=%", "a=%1", "a=%zz", "%=1", "a=%+1", "a=%-1", "a=% 1", "a=%0x"}) {
        const auto parameters = split_query(query);
        ASSERT_FALSE(parameters.has_value()) << query;
        EXPECT_EQ(parameters.error().code, "invalid_query") << query;
    }
    EXPECT_EQ(split_query("a=1&a=1").error().code, "repeated_parameter");
    EXPECT_EQ(split_query("a=1&%61=1").error().code, "repeated_parameter") << "however the name is written";
}

TEST(Query, EveryParameterMayBeAbsent) {
    const auto query = parse_query<AccountsQuery>("").take();
    EXPECT_EQ(query.query, "");
    EXPECT_FALSE(query.kind || query.state || query.admin || query.cursor);
    EXPECT_EQ(query.limit.entries, limits::page_entries);
}

TEST(Query, IsReadByTheTypesOfItsDeclaration) {
    const auto query = parse_query<AccountsQuery>("query=a%40b&kind=demo&state=inactive&admin=true&limit=200&cursor=" +
                                                  encode_base64url(UuidBytes{1, 2, 3}))
                           .take();
    EXPECT_EQ(query.query, "a@b");
    EXPECT_EQ(query.kind, core::AccountKind::demo);
    EXPECT_EQ(query.state, core::AccountState::inactive);
    EXPECT_EQ(query.admin, true);
    EXPECT_EQ(query.limit.entries, 200U);
    ASSERT_TRUE(query.cursor.has_value());
    EXPECT_EQ(query.cursor->last, (UuidBytes{1, 2, 3}));
    EXPECT_EQ(parse_query<AccountsQuery>("query=12").take().query, "12") << "a text of digits is a text";
    EXPECT_EQ(parse_query<AccountsQuery>("query=true").take().query, "true");
}

TEST(Query, RefusesWhatTheDeclarationDoesNotSay) {
    const std::string cursor = encode_base64url(UuidBytes{1});
    const std::map<std::string, std::string> refusals = {
        {"page=1", "unknown_parameter"},
        {"Limit=1", "unknown_parameter"},
        {"limit", "invalid_parameter"},
        {"limit=", "invalid_parameter"},
        {"limit=0", "invalid_parameter"},
        {"limit=-1", "invalid_parameter"},
        {"limit=201", "invalid_parameter"},
        {"limit=1.0", "invalid_parameter"},
        {"limit=1e2", "invalid_parameter"},
        {"limit=%201", "invalid_parameter"},
        {"limit=18446744073709551617", "invalid_parameter"},
        {"kind=", "invalid_parameter"},
        {"kind=Demo", "invalid_parameter"},
        {"state=deleted", "invalid_parameter"},
        {"admin=1", "invalid_parameter"},
        {"admin=", "invalid_parameter"},
        {"cursor=", "invalid_parameter"},
        {"cursor=" + cursor + "A", "invalid_parameter"},
        {"cursor=" + cursor.substr(1), "invalid_parameter"},
        {"cursor=" + cursor + "==", "invalid_parameter"},
        {"cursor=" + cursor.substr(0, 21) + "B", "invalid_parameter"},
        {"cursor=01890a5d-ac96-774b-bcce-b302099a8057", "invalid_parameter"},
    };
    for (const auto& [text, code] : refusals) {
        const auto query = parse_query<AccountsQuery>(text);
        ASSERT_FALSE(query.has_value()) << text;
        EXPECT_EQ(query.error().kind, ErrorKind::invalid_input) << text;
        EXPECT_EQ(query.error().code, code) << text;
        const std::string name = text.substr(0, text.find('='));
        EXPECT_NE(query.error().message.find('"' + name + '"'), std::string::npos) << query.error().message;
    }
    EXPECT_EQ(parse_query<admin::AuditQuery>("account=ada").error().code, "invalid_parameter");
}

TEST(Query, AnIdInThePathIsOneOrNothing) {
    http::Request request;
    EXPECT_EQ(path_id<core::AccountId>(request), std::nullopt);
    request.path_parameters = {{"id", "01890a5d-ac96-774b-bcce-b302099a8057"}};
    EXPECT_EQ(path_id<core::AccountId>(request)->text(), "01890a5d-ac96-774b-bcce-b302099a8057");
    for (const auto* segment : {"", "1", "..", "01890a5d-ac96-774b-bcce-b302099a805%37", "ada@example.org"}) {
        request.path_parameters = {{"id", segment}};
        EXPECT_EQ(path_id<core::AccountId>(request), std::nullopt) << segment;
    }
}

}  // namespace
}  // namespace postern::api
