#include "api/page.hpp"

#include <gtest/gtest.h>

#include "api/page_texts.hpp"

namespace postern::api {
namespace {

std::string header(const http::Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) return value;
    }
    return "";
}

TEST(Page, LetsNothingOutOfItsTexts) {
    const auto response = answer_page(200, {"en", "<b>&\"'", "<p>ours</p>"}, {"<script>alert(1)</script>", "#000000"});
    EXPECT_EQ(response.body.find("<script"), std::string::npos);
    EXPECT_EQ(response.body.find("<b>"), std::string::npos);
    EXPECT_NE(response.body.find("&lt;b&gt;&amp;&quot;&#39;"), std::string::npos);
    EXPECT_NE(response.body.find("<p>ours</p>"), std::string::npos);
}

TEST(Page, MayLoadNothingButItsStylesheetAndBeFramedByNobody) {
    const auto policy = header(answer_page(200, {"en", "Title", ""}, {"Name", "#000000"}), "Content-Security-Policy");
    EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
    EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
    EXPECT_EQ(policy.find("script-src"), std::string::npos);
}

TEST(Page, KeepsTextReadableOnAnyColour) {
    const auto text_on = [](std::string color) {
        const auto css = answer_stylesheet({"Name", color}).body;
        const auto at = css.find("--on-brand: ") + 12;
        return css.substr(at, 4);
    };
    EXPECT_EQ(text_on("#1d4f91"), "#fff");
    EXPECT_EQ(text_on("#000000"), "#fff");
    EXPECT_EQ(text_on("#ffffff"), "#000");
    EXPECT_EQ(text_on("#ffd400"), "#000");
    EXPECT_EQ(text_on("#00ff00"), "#000");
}

TEST(PageTexts, AreInTheAccountsLanguageElseTheBrowsers) {
    EXPECT_EQ(page_texts("de-AT", "en").language, "de");
    EXPECT_EQ(page_texts("", "fr, de;q=0.9, en;q=0.8").language, "de");
    EXPECT_EQ(page_texts("", "en-GB,de").language, "en");
    EXPECT_EQ(page_texts("fr", "").language, "en");
    EXPECT_EQ(page_texts("", ",,;;=").language, "en");
    EXPECT_EQ(page_texts("d", "DE").language, "de");
}

}  // namespace
}  // namespace postern::api
