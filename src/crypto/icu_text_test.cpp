#include "crypto/icu_text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <string>

#include "base/limits.hpp"

namespace postern::crypto {
namespace {

using namespace std::string_literals;

std::string key_of(std::string_view text) {
    const auto address = IcuText().parse_email(text);
    return address.has_value() ? address->key : "refused: " + address.error().message;
}

void expect_refused(const std::string& text) {
    const auto address = IcuText().parse_email(text);
    ASSERT_FALSE(address.has_value()) << text << " became " << address->key;
    EXPECT_EQ(address.error().code, "invalid_email");
    EXPECT_EQ(address.error().kind, ErrorKind::invalid_input);
}

TEST(ParseEmail, FoldsWhatMeansTheSame) {
    EXPECT_EQ(key_of("alice@example.org"), "alice@example.org");
    EXPECT_EQ(key_of("Alice@Example.ORG"), "alice@example.org");
    EXPECT_EQ(key_of("a.b+c_d-e=f!#$%&'*/?^`{|}~@example.org"), "a.b+c_d-e=f!#$%&'*/?^`{|}~@example.org");
    EXPECT_EQ(key_of("x@bücher.example"), "x@xn--bcher-kva.example");
    EXPECT_EQ(key_of("x@BÜCHER.example"), "x@xn--bcher-kva.example");
    EXPECT_EQ(key_of("x@XN--BCHER-KVA.example"), "x@xn--bcher-kva.example");
    EXPECT_EQ(key_of("x@b\u0075\u0308cher.example"), "x@xn--bcher-kva.example") << "decomposed";
    EXPECT_EQ(key_of("x@faß.example"), "x@xn--fa-hia.example") << "non-transitional: not fass.example";
    EXPECT_EQ(key_of("x@例え。テスト"), "x@xn--r8jz45g.xn--zckzah") << "an ideographic full stop is a dot";
    EXPECT_EQ(IcuText().parse_email("Alice@BÜCHER.example")->given, "Alice@BÜCHER.example");
}

// Django CVE-2019-19844: a look-alike must not be taken for the account that it looks like.
TEST(ParseEmail, IsNotFooledByLookAlikes) {
    expect_refused("mıke@example.org");
    expect_refused("ｍike@example.org");
    expect_refused("mike\u200b@example.org");
    expect_refused("КАТЯ@example.org");
    EXPECT_EQ(key_of("mike@ℊmail.com"), "mike@gmail.com") << "UTS #46 maps it, as every browser does";
    EXPECT_EQ(key_of("mike@gmaıl.com"), "mike@xn--gmal-nza.com");
    EXPECT_EQ(key_of("mike@gmail.com"), "mike@gmail.com");
}

TEST(ParseEmail, RefusesWhatIsNoAddress) {
    for (const auto& text : {""s,
                             "@"s,
                             "a"s,
                             "a@"s,
                             "@example.org"s,
                             "a@b"s,
                             "a@localhost"s,
                             "a@@example.org"s,
                             "a@b@example.org"s,
                             ".a@example.org"s,
                             "a.@example.org"s,
                             "a..b@example.org"s,
                             "a b@example.org"s,
                             " a@example.org"s,
                             "a@example.org "s,
                             "a@example.org\n"s,
                             "a@exa mple.org"s,
                             "a\0@example.org"s,
                             "a@example.org\0"s,
                             "a\t@example.org"s,
                             "\"a\"@example.org"s,
                             "\"a b\"@example.org"s,
                             "a(comment)@example.org"s,
                             "<a@example.org>"s,
                             "A <a@example.org>"s,
                             "a,b@example.org"s,
                             "a@example.org,b@example.org"s,
                             "a@[127.0.0.1]"s,
                             "a@[IPv6:::1]"s,
                             "a@127.0.0.1"s,
                             "a@example.123"s,
                             "a@example.org."s,
                             "a@.example.org"s,
                             "a@example..org"s,
                             "a@-example.org"s,
                             "a@example-.org"s,
                             "a@exa_mple.org"s,
                             "a@exa!mple.org"s,
                             "a@example.org\xff"s,
                             "a\xff@example.org"s,
                             "\xed\xa0\x80@example.org"s,
                             "a@xn--a.example"s,
                             "a@xn--\xc3\xbc.example"s,
                             "a@xn--.example"s,
                             "a@ü\u200d.example"s,
                             "a@\u0628\u0061.example"s,
                             "a@example\uff0e"s,
                             "a@a\uff20b.example"s,
                             "a@example.\u0661"s,
                             "a\\b@example.org"s,
                             "a;b@example.org"s,
                             "a@example.org\u00a0"s,
                             "a@exam\u00adple\u2028.org"s}) {
        expect_refused(text);
    }
}

TEST(ParseEmail, KeepsToTheLengthsOfRfc5321) {
    const std::string local(64, 'a');
    const std::string label(63, 'b');
    EXPECT_EQ(key_of(local + "@example.org"), local + "@example.org");
    expect_refused(local + "a@example.org");
    const std::string longest = local + "@" + label + "." + label + "." + std::string(57, 'c') + ".de";
    ASSERT_EQ(longest.size(), 254U - 1U);
    EXPECT_EQ(key_of(longest), longest);
    EXPECT_EQ(key_of("a@" + label + ".org"), "a@" + label + ".org");
    expect_refused("a@b" + label + ".org");
    expect_refused(local + "@" + label + "." + label + "." + label + ".org");
    expect_refused("a@" + std::string(1'000'000, 'b') + ".org");
    std::string grows = "a@";  // each label is longer as an A-label
    for (int i = 0; i < 80; ++i) grows += "ü.";
    expect_refused(grows + "org");
}

// What is registered and resolves is accepted, whatever rule for new U-labels it breaks.
TEST(ParseEmail, TakesAsciiDomainsAsTheyAre) {
    EXPECT_EQ(key_of("a@ab--cd.org"), "a@ab--cd.org");
    EXPECT_EQ(key_of("a@r3---sn-apo3qvuoxuxbt-j5pe.googlevideo.com"), "a@r3---sn-apo3qvuoxuxbt-j5pe.googlevideo.com");
    EXPECT_EQ(key_of("a@1a.xn--mgbaam7a8h"), "a@1a.xn--mgbaam7a8h") << "a digit beside a right-to-left label";
    EXPECT_EQ(key_of("a@example.xn--p1ai"), "a@example.xn--p1ai");
    EXPECT_EQ(key_of("a@example.XN--P1AI"), "a@example.xn--p1ai");
    EXPECT_EQ(key_of("a@1.2.3.com"), "a@1.2.3.com");
    expect_refused("a@üb--cd.org.ü--");
    expect_refused("a@ab--cü.org");
}

TEST(ParseEmail, NeverFailsButByAnError) {
    EXPECT_TRUE(rc::check("any bytes", [](const std::string& text) {
        const auto address = IcuText().parse_email(text);
        if (address.has_value()) {
            const auto again = IcuText().parse_email(address->key);
            RC_ASSERT(again.has_value());
            RC_ASSERT(again->key == address->key);
        }
    }));
}

std::string prepared(std::string_view text) {
    const auto password = IcuText().prepare_password(SecretString(text));
    return password.has_value() ? std::string(password->reveal()) : "refused";
}

// The table of RFC 8265 section 4.3.
TEST(PreparePassword, FollowsTheExamplesOfRfc8265) {
    EXPECT_EQ(prepared("correct horse battery staple"), "correct horse battery staple");
    EXPECT_EQ(prepared("Correct Horse Battery Staple"), "Correct Horse Battery Staple") << "case is kept";
    EXPECT_EQ(prepared("πßå"), "πßå");
    EXPECT_EQ(prepared("Jack of ♦s"), "Jack of ♦s");
    EXPECT_EQ(prepared("foo\u1680bar"), "foo bar") << "OGHAM SPACE MARK";
    EXPECT_EQ(prepared(""), "refused");
    EXPECT_EQ(prepared("my cat is a \tby"), "refused");
}

TEST(PreparePassword, MakesEqualWhatLooksEqual) {
    EXPECT_EQ(prepared("cafe\u0301"), "café");
    EXPECT_EQ(prepared("café"), "café");
    EXPECT_EQ(prepared("\u212bngstr\u00f6m"), "Ångström");
    EXPECT_EQ(prepared("a\u00a0b\u3000c\u2003d"), "a b c d");
    EXPECT_EQ(prepared(" leading and trailing "), " leading and trailing ") << "spaces count";
    EXPECT_EQ(prepared("ﬁ"), "ﬁ") << "NFC, not NFKC";
    EXPECT_EQ(prepared("ｆｕｌｌ"), "ｆｕｌｌ") << "no width mapping";
    EXPECT_EQ(prepared("👩‍👩‍👧❤️"), "👩‍👩‍👧❤️");
}

TEST(PreparePassword, RefusesWhatIsNoText) {
    for (const auto& text : {"a\nb"s, "a\0b"s, "\x7f"s, "\u0085"s, "a\xff"s, "\xc0\xaf"s, "\xed\xa0\x80"s,
                             "\xf4\x90\x80\x80"s, "\ufdd0"s, "\uffff"s, "\U0001ffff"s, "\u0378"s, "\xe2\x82"s}) {
        EXPECT_EQ(prepared(text), "refused");
    }
    EXPECT_EQ(prepared(std::string(100'000, 'a')), "refused");
}

// Canonical reordering takes time in the square of a run of marks: 64 KiB of them used to cost most of a second.
TEST(PreparePassword, CannotBeMadeExpensive) {
    const auto marks = [](std::size_t count) {
        std::string text = "a";
        for (std::size_t i = 0; i < count; ++i) text += "\u0301";
        for (std::size_t i = 0; i < count; ++i) text += "\u0316";
        return text;
    };
    const IcuText text;
    const auto began = std::chrono::steady_clock::now();
    EXPECT_TRUE(text.prepare_password(SecretString(marks(limits::password_maximum_bytes / 4 - 1))).has_value());
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(50));
    EXPECT_EQ(text.prepare_password(SecretString(marks(limits::password_maximum_bytes / 4))).error().code,
              "invalid_password");
}

TEST(PreparePassword, IsStable) {
    EXPECT_TRUE(rc::check("prepared twice is prepared once", [](const std::string& text) {
        const auto once = IcuText().prepare_password(SecretString(text));
        if (!once.has_value()) return;
        const auto twice = IcuText().prepare_password(*once);
        RC_ASSERT(twice.has_value());
        RC_ASSERT(twice->reveal() == once->reveal());
    }));
}

TEST(CountCharacters, CountsCodePoints) {
    const IcuText text;
    EXPECT_EQ(text.count_characters(""), 0U);
    EXPECT_EQ(text.count_characters("abc"), 3U);
    EXPECT_EQ(text.count_characters("äöü"), 3U);
    EXPECT_EQ(text.count_characters("👩‍👧"), 3U);
}

}  // namespace
}  // namespace postern::crypto
