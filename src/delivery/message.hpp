// The text of a mail (RFC 5322, RFC 2045 to 2047): ASCII only, so that every server on the way can take it.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/text.hpp"

namespace postern::delivery {

struct Mailbox {
    std::string name;     // UTF-8; may be empty
    std::string address;  // ASCII: the domain as A-labels
    [[nodiscard]] std::string_view domain() const;
};

// "auth@example.com", "Example <auth@example.com>" or "\"Example, Inc.\" <auth@example.com>".
// Errors: invalid_input "invalid_email", with what is wrong.
Result<Mailbox> parse_mailbox(std::string_view text, const core::Text& rules);
// A single address as its envelope and its header spell it. Errors: invalid_input "invalid_email".
Result<std::string> address_for_envelope(std::string_view email, const core::Text& rules);

struct Message {
    Mailbox from;
    std::string to;  // from address_for_envelope()
    std::string subject;
    std::string text;
    std::string html;
    std::string id;  // unique and stable; letters, digits and dashes
    Timestamp date;
};

// The whole mail, header and two alternative parts, in lines of at most 76 characters that end in CR LF. Whatever the
// fields hold, they stay within their header or part.
std::string compose(const Message& message);

// "Fri, 15 Jan 2027 08:00:00 +0000" (RFC 5322 section 3.3).
std::string format_mail_date(Timestamp time);
// A header's value, as encoded words (RFC 2047) unless it is short and plain.
std::string encode_header_text(std::string_view text);
// RFC 2045 section 6.7; lines end in CR LF, also the last.
std::string encode_quoted_printable(std::string_view text);

}  // namespace postern::delivery
