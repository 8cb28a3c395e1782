// The wording of our own mails. An operator's files go before it; see templates.hpp.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/outbox.hpp"

namespace postern::delivery {

// One mail in one language. Texts hold {{variables}}; paragraphs are divided by an empty line.
struct Wording {
    core::MailTemplate mail;
    std::string_view locale;
    std::string_view subject;
    std::string_view before;  // the link
    std::string_view button;  // what the link is called; empty where there is none
    std::string_view after;
};

// Every template in every language that we speak; the first language has them all.
std::span<const Wording> built_in_wordings();

// The two parts of a mail with that wording, as templates.
std::string text_part(const Wording& wording);
std::string html_part(const Wording& wording);

}  // namespace postern::delivery
