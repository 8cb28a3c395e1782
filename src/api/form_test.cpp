#include "api/form.hpp"

#include <gtest/gtest.h>

namespace postern::api {
namespace {

Result<Form> read(std::string body, std::vector<std::string> types = {"application/x-www-form-urlencoded"}) {
    http::Request request;
    for (auto& type : types) request.headers.emplace_back("Content-Type", std::move(type));
    request.body = std::move(body);
    return read_form(request);
}

TEST(Form, IsTakenApartAndDecoded) {
    const auto form = read("token=a%2Bb+c&&hint=&x%20y=1&flag");
    ASSERT_TRUE(form.has_value()) << form.error().message;
    EXPECT_EQ(form->find("token"), "a+b c");
    EXPECT_EQ(form->find("x y"), "1");
    for (const char* absent : {"hint", "flag", "other", ""}) EXPECT_FALSE(form->find(absent).has_value()) << absent;
    EXPECT_TRUE(read("").has_value());
}

TEST(Form, RefusesWhatStandsTwiceAndWhatIsNoEncoding) {
    for (const char* body : {"a=1&a=1", "a=1&b=2&a=3", "a=&a=1", "a&a", "%61=1&a=2", "a=%", "a=%4", "a=%zz", "%=1"}) {
        const auto form = read(body);
        ASSERT_FALSE(form.has_value()) << body;
        EXPECT_EQ(form.error().kind, ErrorKind::invalid_input) << body;
        EXPECT_EQ(form.error().code, "invalid_request") << body;
    }
    // The value may be a secret.
    EXPECT_EQ(read("a=hunter2&a=hunter2").error().message.find("hunter2"), std::string::npos);
}

TEST(Form, RefusesOtherContentTypes) {
    const std::string form = "application/x-www-form-urlencoded";
    EXPECT_TRUE(read("a=1", {form + "; charset=UTF-8"}).has_value());
    EXPECT_TRUE(read("a=1", {"Application/X-WWW-Form-Urlencoded"}).has_value());
    for (const std::vector<std::string>& types : {std::vector<std::string>{},
                                                  {"application/json"},
                                                  {"multipart/form-data"},
                                                  {"text/plain"},
                                                  {form + "x"},
                                                  {""},
                                                  {form, form}}) {
        EXPECT_EQ(read("a=1", types).error().code, "invalid_request");
    }
}

}  // namespace
}  // namespace postern::api
