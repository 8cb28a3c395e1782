#include "delivery/templates.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/limits.hpp"
#include "delivery/built_in_templates.hpp"

namespace postern::delivery {
namespace {

using core::MailTemplate;

class OwnTemplates : public testing::Test {
protected:
    OwnTemplates() { std::filesystem::create_directories(folder_); }
    ~OwnTemplates() override { std::filesystem::remove_all(folder_); }

    void write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories((folder_ / name).parent_path());
        std::ofstream(folder_ / name, std::ios::binary) << text;
    }
    void write_all(const std::string& name, const std::string& word) const {
        write(name + ".subject", word + "\n");
        write(name + ".txt", word + " {{link}}");
        write(name + ".html", "<b>" + word + "</b> {{ link }}");
    }
    [[nodiscard]] Result<Templates> load(const std::string& locale = "en") const {
        return Templates::load(folder_.string(), locale);
    }
    [[nodiscard]] std::string refusal() const {
        const auto loaded = load();
        return loaded.has_value() ? "" : loaded.error().message;
    }

    const std::filesystem::path folder_ =
        std::filesystem::temp_directory_path() / ("postern-templates-" + std::to_string(getpid()));
};

Variables variables() {
    return {
        {"service_name", "Acme"}, {"name", "Ann"}, {"address", "ann@example.com"}, {"link", "https://x/?token=abc"}};
}

TEST(Templates, HaveEveryMailInEnglishAndGerman) {
    std::map<std::string_view, std::set<MailTemplate>> found;
    for (const Wording& wording : built_in_wordings()) found[wording.locale].insert(wording.mail);
    EXPECT_EQ(found["en"].size(), 9U);
    EXPECT_EQ(found["de"], found["en"]);
    ASSERT_TRUE(Templates::load("", "en").has_value());
}

TEST(Templates, ShowTheLinkInBothPartsWhereThereIsOne) {
    const auto templates = Templates::load("", "en");
    for (const Wording& wording : built_in_wordings()) {
        const auto mail = templates->render(wording.mail, std::string(wording.locale), variables());
        const bool linked = !wording.button.empty();
        EXPECT_EQ(mail.text.find("https://x/?token=abc") != std::string::npos, linked) << mail.subject;
        EXPECT_EQ(mail.html.find("href=\"https://x/?token=abc\"") != std::string::npos, linked) << mail.subject;
        EXPECT_EQ((mail.subject + mail.text + mail.html).find("{{"), std::string::npos) << mail.subject;
    }
}

TEST(Templates, SpeakTheNearestLanguage) {
    const auto templates = Templates::load("", "de");
    const auto subject = [&](const std::string& locale) {
        return templates->render(MailTemplate::invitation, locale, variables()).subject;
    };
    EXPECT_EQ(subject("en"), "Your account at Acme");
    EXPECT_EQ(subject("en-GB"), "Your account at Acme");
    EXPECT_EQ(subject("de-AT"), "Ihr Konto bei Acme");
    EXPECT_EQ(subject("DE-at"), "Ihr Konto bei Acme");
    EXPECT_EQ(subject("fr"), "Ihr Konto bei Acme");
    EXPECT_EQ(subject(""), "Ihr Konto bei Acme");
}

TEST(Templates, EscapeWhatAUserTypedInHtmlAlone) {
    auto hostile = variables();
    hostile["name"] = "<script>alert('x')</script>\"{{link}}";
    const auto mail = Templates::load("", "en")->render(MailTemplate::password_changed, "en", hostile);
    EXPECT_EQ(mail.html.find("<script>"), std::string::npos);
    EXPECT_NE(mail.html.find("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;{{link}}"), std::string::npos);
    EXPECT_NE(mail.text.find("<script>"), std::string::npos);
    EXPECT_EQ(mail.text.find("token"), std::string::npos);  // a value is no template
}

TEST_F(OwnTemplates, GoBeforeTheBuiltInOnes) {
    write_all("invitation", "general");
    write_all("de/invitation", "deutsch");
    const auto templates = load();
    ASSERT_TRUE(templates.has_value()) << templates.error().message;
    const auto subject = [&](MailTemplate mail, const std::string& locale) {
        return templates->render(mail, locale, variables()).subject;
    };
    EXPECT_EQ(subject(MailTemplate::invitation, "de-CH"), "deutsch");
    EXPECT_EQ(subject(MailTemplate::invitation, "en"), "general");
    EXPECT_EQ(subject(MailTemplate::reset_password, "de"), "Neues Passwort für Acme");
    EXPECT_EQ(templates->render(MailTemplate::invitation, "de", variables()).html,
              "<b>deutsch</b> https://x/?token=abc");
}

TEST_F(OwnTemplates, AreRefusedWithTheFileAndTheReason) {
    write_all("invitation", "x");
    EXPECT_EQ(refusal(), "");
    write("invitation.txt", "{{link}} {{nmae}}");
    EXPECT_NE(refusal().find("invitation.txt names the variable \"nmae\"; there are address,"), std::string::npos);
    write("invitation.txt", "{{link");
    EXPECT_NE(refusal().find("invitation.txt has a {{ without a }}"), std::string::npos);
    write("invitation.txt", "no link");
    EXPECT_NE(refusal().find("invitation.txt does not show {{link}}"), std::string::npos);
    write("invitation.txt", "{{link}}" + std::string(limits::mail_template_bytes, 'x'));
    EXPECT_NE(refusal().find("larger than 64 KiB"), std::string::npos);
    std::filesystem::remove(folder_ / "invitation.txt");
    EXPECT_NE(refusal().find("lacks"), std::string::npos);
    write("invitation.txt", "{{link}}");
    write("invitation.subject", "two\nlines");
    EXPECT_NE(refusal().find("must be one line"), std::string::npos);
    write("invitation.subject", "{{link}}");
    EXPECT_NE(refusal().find("servers log subjects"), std::string::npos);
    write("invitation.subject", "x");
    write("invitatoin.txt", "x");
    EXPECT_NE(refusal().find("invitatoin.txt is no mail template; there are verify_email"), std::string::npos);
    EXPECT_FALSE(Templates::load((folder_ / "absent").string(), "en").has_value());
}

TEST(TemplateColors, AreReadableOnEachOther) {
    EXPECT_EQ(color_variables("#1d4f91").at("text_color"), "#ffffff");
    EXPECT_EQ(color_variables("#ffe680").at("text_color"), "#000000");
}

}  // namespace
}  // namespace postern::delivery
