// All mail templates: the built-in ones, and the operator's files that go before them.
//
// A template of an operator is three files, NAME.subject, NAME.txt and NAME.html, in DIRECTORY/LOCALE or, for every
// language that has none of its own, in DIRECTORY. All are read and checked once; nothing is read while mail is sent.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/outbox.hpp"
#include "delivery/template.hpp"

namespace postern::delivery {

struct MailText {
    std::string subject;  // one line
    std::string text;
    std::string html;
};

// Immutable once loaded, so thread-safe.
class Templates {
public:
    // `directory` may be empty: then there are only our own. `default_locale` is for accounts without one.
    // Errors: invalid_input "invalid_template" with the file and what is wrong.
    static Result<Templates> load(const std::string& directory, const std::string& default_locale);

    // In the first language of these that there is: `locale` ("de-AT"), its language ("de"), the default locale, its
    // language, English. `variables` needs no "locale"; it is filled in.
    [[nodiscard]] MailText render(core::MailTemplate mail, const std::string& locale, Variables variables) const;

private:
    struct Parts {
        Template subject;
        Template text;
        Template html;
    };
    struct Choice {
        const Parts* parts;
        std::string locale;
    };
    using Key = std::pair<core::MailTemplate, std::string>;

    static Result<Parts> parse(core::MailTemplate mail, std::string_view subject, std::string_view text,
                               std::string_view html, const std::string& name);
    Result<void> load_built_in();
    Result<void> load_folder(const std::string& folder, const std::string& locale);
    [[nodiscard]] std::optional<Choice> find(core::MailTemplate mail, const std::string& locale,
                                             bool with_general) const;
    [[nodiscard]] Choice choose(core::MailTemplate mail, const std::string& locale) const;

    std::string default_locale_;
    std::map<Key, Parts> built_in_;
    std::map<Key, Parts> own_;  // the operator's; those of DIRECTORY itself under an empty locale
};

// What every text can show: the colour of links as the configuration has it, and what is readable on it.
// `color` is "#rrggbb".
Variables color_variables(const std::string& color);

}  // namespace postern::delivery
