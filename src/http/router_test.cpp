#include "http/router.hpp"

#include <gtest/gtest.h>

namespace postern::http {
namespace {

Handler answer(std::string body) {
    return InlineHandler([body = std::move(body)](const Request&) { return Response{.body = body}; });
}

class RouterMatch : public ::testing::Test {
protected:
    RouterMatch() {
        router_.add(Method::get, "/", answer("root"));
        router_.add(Method::get, "/a/{id}", answer("parameter"));
        router_.add(Method::get, "/a/me", answer("literal"));
        router_.add(Method::delete_, "/a/{id}", answer("delete"));
        router_.add(Method::post, "/a/{id}/b/{part}", answer("two"));
        router_.add(Method::head, "/heads", answer("head"));
        router_.add(Method::get, "/heads", answer("get"));
        router_.add(Method::options, "/own", answer("own"));
    }
    // The body of the handler, or "404", or "405 " and the methods that are allowed.
    std::string match(Method method, std::string path) {
        request_.method = method;
        request_.path = std::move(path);
        match_ = router_.match(request_);
        if (match_.handler != nullptr) return std::get<InlineHandler>(*match_.handler)(request_).body;
        return match_.allow.empty() ? "404" : "405 " + match_.allow;
    }

    Router router_;
    Request request_;
    Router::Match match_;
};

TEST_F(RouterMatch, LiteralsBeforeParameters) {
    EXPECT_EQ(match(Method::get, "/"), "root");
    EXPECT_EQ(match(Method::get, "/a/me"), "literal");
    EXPECT_EQ(match(Method::get, "/a/you"), "parameter");
    EXPECT_EQ(match_.pattern, "/a/{id}");
    EXPECT_EQ(router_.pattern(match_.route), "/a/{id}");
    EXPECT_EQ(match(Method::delete_, "/a/me"), "delete");
}

TEST_F(RouterMatch, FillsParameters) {
    EXPECT_EQ(match(Method::post, "/a/1/b/x%2fy"), "two");
    const std::vector<std::pair<std::string, std::string>> wanted = {{"id", "1"}, {"part", "x%2fy"}};
    EXPECT_EQ(request_.path_parameters, wanted);
    EXPECT_EQ(match(Method::get, "/"), "root");
    EXPECT_TRUE(request_.path_parameters.empty());
}

TEST_F(RouterMatch, OtherPathsAreOtherPaths) {
    for (const char* path :
         {"/a", "/a/", "/a/1/", "//", "/A/me", "/a/me/", "/a//b/x", "/a/1/b/", "/a/1/b/2/3", "*", ""}) {
        EXPECT_EQ(match(Method::get, path), "404") << path;
    }
}

TEST_F(RouterMatch, AllowedMethods) {
    EXPECT_EQ(match(Method::post, "/a/1"), "405 GET, HEAD, DELETE, OPTIONS");
    EXPECT_EQ(match_.pattern, "/a/{id}");
    EXPECT_EQ(match_.route, Router::no_route);
    EXPECT_EQ(match(Method::options, "/a/1/b/2"), "405 POST, OPTIONS");
    EXPECT_EQ(match(Method::options, "/own"), "own");
    EXPECT_EQ(match(Method::get, "/own"), "405 OPTIONS");
}

TEST_F(RouterMatch, HeadByItsOwnRouteOrGets) {
    EXPECT_EQ(match(Method::head, "/heads"), "head");
    EXPECT_EQ(match(Method::head, "/a/me"), "literal");
}

TEST(RouterAdd, MistakesThrow) {
    Router router;
    router.add(Method::get, "/a", answer(""));
    EXPECT_THROW(router.add(Method::get, "/a", answer("")), std::logic_error);
    EXPECT_THROW(router.add(Method::get, "a", answer("")), std::logic_error);
}

TEST(Message, HeadersIgnoreCase) {
    const Request request{.headers = {{"X-One", "1"}, {"x-one", "2"}}};
    EXPECT_EQ(request.header("x-ONE"), "1");
    EXPECT_EQ(request.count_header("X-one"), 2U);
    EXPECT_EQ(request.header("X-Two"), std::nullopt);
}

TEST(Message, ErrorsAreEscaped) {
    EXPECT_EQ(error_response(400, "c", "a \"b\"\n").body, R"({"error":"a \"b\"\n","code":"c"})");
}

}  // namespace
}  // namespace postern::http
