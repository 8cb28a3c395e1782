#include "delivery/message.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "base/encoding.hpp"

namespace postern::delivery {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::size_t quoted_line = 75;       // and the "=" that continues it: RFC 2045 section 6.7 (5)
constexpr std::size_t encoded_word_raw = 45;  // 60 in base64, within the 75 of RFC 2047 section 2
constexpr std::size_t plain_header = 60;

bool is_printable_ascii(char c) {
    return c >= ' ' && c <= '~';
}

std::string two_digits(unsigned number) {
    return {static_cast<char>('0' + number / 10 % 10), static_cast<char>('0' + number % 10)};
}

std::string encode_base64(std::string_view bytes) {
    std::string text(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
    sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                      sodium_base64_VARIANT_ORIGINAL);
    text.pop_back();  // the zero byte
    return text;
}

// How much of `text` fits into `most` bytes without cutting a character in two.
std::size_t whole_characters(std::string_view text, std::size_t most) {
    if (text.size() <= most) return text.size();
    std::size_t end = most;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return end == 0 ? most : end;
}

// Ours never hold a quote; an operator's name may.
std::string format_mailbox(const Mailbox& mailbox) {
    if (mailbox.name.empty()) return mailbox.address;
    const bool plain = mailbox.name.size() <= plain_header && std::ranges::all_of(mailbox.name, is_printable_ascii) &&
                       mailbox.name.find_first_of("\"\\") == std::string::npos &&
                       mailbox.name.find("=?") == std::string::npos;
    const std::string name = plain ? '"' + mailbox.name + '"' : encode_header_text(mailbox.name);
    return name + (plain ? " <" : std::string(line_end) + " <") + mailbox.address + '>';
}

void add_header(std::string& mail, std::string_view name, std::string_view value) {
    mail.append(name).append(": ").append(value).append(line_end);
}

void add_part(std::string& mail, std::string_view boundary, std::string_view type, std::string_view content) {
    mail.append(line_end).append("--").append(boundary).append(line_end);
    add_header(mail, "Content-Type", std::string(type) + "; charset=utf-8");
    add_header(mail, "Content-Transfer-Encoding", "quoted-printable");
    mail.append(line_end).append(encode_quoted_printable(content));
}

}  // namespace

std::string_view Mailbox::domain() const {
    return std::string_view(address).substr(address.rfind('@') + 1);
}

Result<std::string> address_for_envelope(std::string_view email, const core::Text& rules) {
    const auto parsed = TRY(rules.parse_email(email));
    // The local part as given, the domain as A-labels.
    return parsed.given.substr(0, parsed.given.rfind('@')) + parsed.key.substr(parsed.key.rfind('@'));
}

Result<Mailbox> parse_mailbox(std::string_view text, const core::Text& rules) {
    text = trim_spaces(text);
    Mailbox mailbox;
    if (text.ends_with('>')) {
        const auto open = text.rfind('<');
        if (open == std::string_view::npos) return invalid_input("invalid_email", "It has a > without a <");
        std::string_view name = trim_spaces(text.substr(0, open));
        if (name.size() >= 2 && name.starts_with('"') && name.ends_with('"')) name = name.substr(1, name.size() - 2);
        mailbox.name = name;
        text = text.substr(open + 1, text.size() - open - 2);
    }
    if (std::ranges::any_of(mailbox.name, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; })) {
        return invalid_input("invalid_email", "The name before the address has a control character in it");
    }
    mailbox.address = TRY(address_for_envelope(text, rules));
    return mailbox;
}

std::string format_mail_date(Timestamp time) {
    constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(std::chrono::floor<Seconds>(time - day));
    return std::string(days.at(std::chrono::weekday(day).c_encoding())) + ", " +
           two_digits(static_cast<unsigned>(date.day())) + ' ' + months.at(static_cast<unsigned>(date.month()) - 1) +
           ' ' + std::to_string(static_cast<int>(date.year())) + ' ' +
           two_digits(static_cast<unsigned>(clock.hours().count())) + ':' +
           two_digits(static_cast<unsigned>(clock.minutes().count())) + ':' +
           two_digits(static_cast<unsigned>(clock.seconds().count())) + " +0000";
}

std::string encode_header_text(std::string_view text) {
    // What looks like an encoded word is not passed through: a reader would decode it.
    if (text.size() <= plain_header && std::ranges::all_of(text, is_printable_ascii) &&
        text.find("=?") == std::string_view::npos) {
        return std::string(text);
    }
    std::string encoded;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = whole_characters(text.substr(at), encoded_word_raw);
        if (!encoded.empty()) encoded.append(line_end).append(" ");
        encoded.append("=?UTF-8?B?").append(encode_base64(text.substr(at, length))).append("?=");
        at += length;
    }
    return encoded;
}

std::string encode_quoted_printable(std::string_view text) {
    std::string encoded;
    std::size_t column = 0;
    const auto put = [&](std::string_view piece) {
        if (column + piece.size() > quoted_line) {
            encoded.append("=").append(line_end);
            column = 0;
        }
        encoded.append(piece);
        column += piece.size();
    };
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const bool line_ends = c == '\n' || (c == '\r' && at + 1 < text.size() && text[at + 1] == '\n');
        if (line_ends) {
            if (c == '\r') ++at;
            encoded.append(line_end);
            column = 0;
            continue;
        }
        const bool before_end = at + 1 == text.size() || text[at + 1] == '\n' || text[at + 1] == '\r';
        const bool safe = is_printable_ascii(c) && c != '=' && !(c == ' ' && before_end);
        const auto byte = static_cast<std::uint8_t>(c);
        if (safe) {
            put({&c, 1});
        } else {
            std::string quoted = "=" + encode_hex({&byte, 1});
            std::ranges::transform(quoted, quoted.begin(), [](char digit) {
                return digit >= 'a' ? static_cast<char>(digit - 'a' + 'A') : digit;
            });
            put(quoted);
        }
    }
    if (column > 0) encoded.append(line_end);
    return encoded;
}

std::string compose(const Message& message) {
    // "=_" cannot stand in quoted-printable, so no content holds the boundary.
    const std::string boundary = "=_" + message.id;
    std::string mail;
    add_header(mail, "From", format_mailbox(message.from));
    add_header(mail, "To", message.to);
    add_header(mail, "Subject", encode_header_text(message.subject));
    add_header(mail, "Date", format_mail_date(message.date));
    add_header(mail, "Message-ID", '<' + message.id + '@' + std::string(message.from.domain()) + '>');
    add_header(mail, "Auto-Submitted", "auto-generated");  // RFC 3834: no vacation notices back, please
    add_header(mail, "MIME-Version", "1.0");
    add_header(mail, "Content-Type", "multipart/alternative;\r\n boundary=\"" + boundary + '"');
    add_part(mail, boundary, "text/plain", message.text);
    add_part(mail, boundary, "text/html", message.html);
    mail.append(line_end).append("--").append(boundary).append("--").append(line_end);
    return mail;
}

}  // namespace postern::delivery
