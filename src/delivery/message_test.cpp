#include "delivery/message.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace postern::delivery {
namespace {

// Of the addresses below only; what an address is, is tested beside src/crypto.
class PlainText final : public core::Text {
public:
    Result<core::EmailAddress> parse_email(std::string_view text) const override {
        if (text.find_first_of("\r\n <>") != std::string_view::npos || text.find('@') == std::string_view::npos) {
            return invalid_input("invalid_email", "The email address is not valid");
        }
        std::string key(text);
        const auto domain = key.find("bücher.example");
        if (domain != std::string::npos) key.replace(domain, std::string::npos, "xn--bcher-kva.example");
        return core::EmailAddress{key, std::string(text)};
    }
    Result<SecretString> prepare_password(const SecretString& password) const override { return password.copy(); }
    std::size_t count_characters(std::string_view text) const override { return text.size(); }
};

Message message() {
    return {.from = {"Example", "auth@example.com"},
            .to = "ann@example.org",
            .subject = "Hello",
            .text = "text\n",
            .html = "<p>html</p>\n",
            .id = "01890000-0000-7000-8000-000000000000",
            .date = from_seconds(1'800'000'000)};
}

// The lines before the first empty one.
std::vector<std::string> header_lines(const std::string& mail) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; mail.compare(at, 2, "\r\n") != 0;) {
        const auto end = mail.find("\r\n", at);
        lines.push_back(mail.substr(at, end - at));
        at = end + 2;
    }
    return lines;
}

TEST(Mailbox, IsReadInItsThreeForms) {
    const PlainText text;
    EXPECT_EQ(parse_mailbox("auth@example.com", text)->address, "auth@example.com");
    const auto named = parse_mailbox(" Example <auth@example.com> ", text);
    EXPECT_EQ(named->name, "Example");
    EXPECT_EQ(named->domain(), "example.com");
    EXPECT_EQ(parse_mailbox(R"("Example, Inc." <auth@example.com>)", text)->name, "Example, Inc.");
}

TEST(Mailbox, IsRefusedWhenItCouldAddAHeader) {
    const PlainText text;
    for (const char* wrong : {"", "auth", "Example auth@example.com>", "a\r\nBcc: x@example.com <auth@example.com>",
                              "Example <auth@example.com\r\nBcc: x@example.com>"}) {
        EXPECT_FALSE(parse_mailbox(wrong, text).has_value()) << wrong;
    }
}

TEST(Mailbox, HasItsDomainAsALabels) {
    EXPECT_EQ(*address_for_envelope("Ann@bücher.example", PlainText()), "Ann@xn--bcher-kva.example");
}

TEST(Message, HasTheHeadersOfAnAutomaticMail) {
    const auto lines = header_lines(compose(message()));
    const std::vector<std::string> expected = {"From: \"Example\" <auth@example.com>",
                                               "To: ann@example.org",
                                               "Subject: Hello",
                                               "Date: Fri, 15 Jan 2027 08:00:00 +0000",
                                               "Message-ID: <01890000-0000-7000-8000-000000000000@example.com>",
                                               "Auto-Submitted: auto-generated",
                                               "MIME-Version: 1.0",
                                               "Content-Type: multipart/alternative;",
                                               " boundary=\"=_01890000-0000-7000-8000-000000000000\""};
    EXPECT_EQ(lines, expected);
}

TEST(Message, KeepsAHostileSubjectAndNameInTheirHeaders) {
    auto hostile = message();
    hostile.subject = "Hello\r\nBcc: victim@example.com\r\n\r\nbody";
    hostile.from.name = "A\"\r\nBcc: victim@example.com";
    for (const std::string& line : header_lines(compose(hostile))) EXPECT_FALSE(line.starts_with("Bcc"));
    EXPECT_EQ(compose(hostile).find("victim"), std::string::npos);  // encoded, all of it
}

TEST(Message, EncodesASubjectInWordsOfAtMost75Characters) {
    std::string subject;
    for (int i = 0; i < 60; ++i) subject += "ä€";
    const std::string encoded = encode_header_text(subject);
    std::size_t words = 0;
    for (std::size_t at = 0; at < encoded.size();) {
        const auto end = std::min(encoded.find("\r\n", at), encoded.size());
        EXPECT_LE(end - at, 76U);
        ++words;
        at = end + 2;
    }
    EXPECT_GT(words, 5U);
    EXPECT_EQ(encode_header_text("plain"), "plain");
    EXPECT_NE(encode_header_text("=?UTF-8?Q?faked?="), "=?UTF-8?Q?faked?=");
}

RC_GTEST_PROP(QuotedPrintable, IsShortLinesOfPrintableAscii, (const std::string& text)) {
    const std::string encoded = encode_quoted_printable(text);
    std::size_t column = 0;
    for (std::size_t at = 0; at < encoded.size(); ++at) {
        if (encoded[at] == '\r') {
            RC_ASSERT(encoded.at(at + 1) == '\n');
            ++at;
            column = 0;
            continue;
        }
        RC_ASSERT(encoded[at] >= ' ' && encoded[at] <= '~');
        RC_ASSERT(++column <= 76U);
    }
    RC_ASSERT(encoded.find("=_") == std::string::npos);  // or it could end a part
}

TEST(QuotedPrintable, KeepsLinksAndLineEnds) {
    EXPECT_EQ(encode_quoted_printable("a=b\nc \r\nä"), "a=3Db\r\nc=20\r\n=C3=A4\r\n");
}

}  // namespace
}  // namespace postern::delivery
