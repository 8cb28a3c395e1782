#include "delivery/templates.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/ascii.hpp"
#include "base/encoding.hpp"
#include "base/html.hpp"
#include "base/limits.hpp"
#include "delivery/built_in_templates.hpp"

namespace postern::delivery {
namespace {

namespace fs = std::filesystem;
using core::MailTemplate;

constexpr std::array<std::string_view, 3> endings = {".subject", ".txt", ".html"};
constexpr std::string_view first_locale = "en";

Error invalid_template(const std::string& problem) {
    return invalid_input("invalid_template", problem);
}

bool carries_link(MailTemplate mail) {
    return std::ranges::any_of(built_in_wordings(), [mail](const Wording& wording) {
        return wording.mail == mail && !wording.button.empty();
    });
}

bool tells_new_address(MailTemplate mail) {
    return mail == MailTemplate::change_email || mail == MailTemplate::email_change_requested ||
           mail == MailTemplate::email_changed;
}

std::set<std::string, std::less<>> variables_of(MailTemplate mail) {
    std::set<std::string, std::less<>> names = {"address",      "color",      "locale", "name",
                                                "service_name", "text_color", "when"};
    if (carries_link(mail)) names.insert("link");
    if (tells_new_address(mail)) names.insert("new_address");
    return names;
}

std::string language_of(const std::string& locale) {
    return to_lower_ascii(std::string_view(locale).substr(0, locale.find('-')));
}

Result<std::string> read_text(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text(limits::mail_template_bytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad() || !file.is_open())
        return invalid_template("The mail template " + path.string() + " cannot be read");
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > limits::mail_template_bytes) {
        return invalid_template("The mail template " + path.string() + " is larger than " +
                                std::to_string(limits::mail_template_bytes / 1024) + " KiB");
    }
    return text;
}

// The file's one line, without its end.
Result<std::string> single_line(std::string text, const std::string& name) {
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    if (text.empty() || std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < ' '; })) {
        return invalid_template("The mail template " + name + " must be one line of text");
    }
    return text;
}

std::string file_of(std::string name, std::string_view ending) {
    name += ending;
    return name;
}

Error lacks_file(const std::string& name, const std::string& file) {
    return invalid_template("The mail template " + name + " lacks " + file + "; it needs .subject, .txt and .html");
}

// Which template a file belongs to; nothing for a file that is none of ours, such as a README.
Result<std::optional<MailTemplate>> template_of_file(const fs::path& path) {
    if (std::ranges::find(endings, path.extension().string()) == endings.end()) return std::optional<MailTemplate>();
    const auto mail = core::parse_mail_template(path.stem().string());
    if (mail.has_value()) return mail;
    std::string names;
    for (const Wording& wording : built_in_wordings()) {
        if (wording.locale == first_locale)
            names += (names.empty() ? "" : ", ") + std::string(core::word(wording.mail));
    }
    return invalid_template("The file " + path.string() + " is no mail template; there are " + names);
}

}  // namespace

Result<Templates::Parts> Templates::parse(MailTemplate mail, std::string_view subject, std::string_view text,
                                          std::string_view html, const std::string& name) {
    const auto known = variables_of(mail);
    const std::string where = "The mail template " + name;
    Parts parts{TRY(Template::parse(subject, known, where + ".subject")),
                TRY(Template::parse(text, known, where + ".txt")), TRY(Template::parse(html, known, where + ".html"))};
    if (!carries_link(mail)) return parts;
    if (parts.subject.mentions("link"))
        return invalid_template(where + ".subject shows the link; servers log subjects");
    if (!parts.text.mentions("link")) return invalid_template(where + ".txt does not show {{link}}");
    if (!parts.html.mentions("link")) return invalid_template(where + ".html does not show {{link}}");
    return parts;
}

Result<void> Templates::load_built_in() {
    for (const Wording& wording : built_in_wordings()) {
        const std::string name = std::string(wording.locale) + "/" + std::string(core::word(wording.mail));
        auto parts = TRY(parse(wording.mail, wording.subject, text_part(wording), html_part(wording), name));
        built_in_.emplace(Key(wording.mail, wording.locale), std::move(parts));
    }
    return {};
}

Result<void> Templates::load_folder(const std::string& folder, const std::string& locale) {
    std::set<MailTemplate> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        if (entry.path().filename().string().starts_with('.')) continue;
        if (entry.is_directory() && locale.empty()) {
            TRY(load_folder(entry.path().string(), entry.path().filename().string()));
        } else if (!entry.is_directory()) {
            const auto mail = TRY(template_of_file(entry.path()));
            if (mail.has_value()) found.insert(*mail);
        }
    }
    if (error) return invalid_template("The directory of mail templates " + folder + ": " + error.message());
    for (const MailTemplate mail : found) {
        const std::string name = (fs::path(folder) / core::word(mail)).string();
        for (const std::string_view ending : endings) {
            const std::string file = file_of(name, ending);
            if (!fs::exists(file)) return lacks_file(name, file);
        }
        auto subject = TRY(read_text(file_of(name, ".subject")));
        subject = TRY(single_line(std::move(subject), file_of(name, ".subject")));
        const auto text = TRY(read_text(file_of(name, ".txt")));
        const auto html = TRY(read_text(file_of(name, ".html")));
        auto parts = TRY(parse(mail, subject, text, html, name));
        own_.emplace(Key(mail, to_lower_ascii(locale)), std::move(parts));
    }
    return {};
}

Result<Templates> Templates::load(const std::string& directory, const std::string& default_locale) {
    Templates templates;
    templates.default_locale_ = default_locale;
    TRY(templates.load_built_in());
    if (!directory.empty()) TRY(templates.load_folder(directory, ""));
    return templates;
}

std::optional<Templates::Choice> Templates::find(MailTemplate mail, const std::string& locale,
                                                 bool with_general) const {
    const std::string language = language_of(locale);
    for (const std::string& tag : {to_lower_ascii(locale), language}) {
        const auto own = own_.find(Key(mail, tag));
        if (own != own_.end() && !tag.empty()) return Choice{&own->second, tag};
    }
    const auto general = own_.find(Key(mail, ""));
    if (with_general && general != own_.end()) return Choice{&general->second, locale};
    const auto ours = built_in_.find(Key(mail, language));
    if (ours != built_in_.end()) return Choice{&ours->second, language};
    return std::nullopt;
}

Templates::Choice Templates::choose(MailTemplate mail, const std::string& locale) const {
    const std::string& wanted = locale.empty() ? default_locale_ : locale;
    for (const std::string& tag : {wanted, default_locale_}) {
        if (auto choice = find(mail, tag, true)) return *choice;
    }
    return {&built_in_.at(Key(mail, first_locale)), std::string(first_locale)};
}

MailText Templates::render(MailTemplate mail, const std::string& locale, Variables variables) const {
    const Choice choice = choose(mail, locale);
    variables["locale"] = choice.locale;
    return {choice.parts->subject.render(variables, Escape::none), choice.parts->text.render(variables, Escape::none),
            choice.parts->html.render(variables, Escape::html)};
}

Variables color_variables(const std::string& color) {
    return {{"color", color}, {"text_color", std::string(text_color_on(color))}};
}

}  // namespace postern::delivery
