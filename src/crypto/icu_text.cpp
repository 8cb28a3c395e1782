#include "crypto/icu_text.hpp"

#include <unicode/bytestream.h>
#include <unicode/idna.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/ascii.hpp"
#include "base/encoding.hpp"
#include "base/limits.hpp"

namespace postern::crypto {
namespace {

using SecretChars = std::vector<char, WipingAllocator<char>>;

Error invalid_email(std::string_view what) {
    return invalid_input("invalid_email", "The email address " + std::string(what));
}

Error invalid_password(std::string_view what) {
    return invalid_input("invalid_password", "The password " + std::string(what));
}

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// RFC 5322 section 3.2.3.
bool is_atext(char c) {
    return is_letter_or_digit(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"  // of ICU's macro
// Moves `position` past the code point there; below zero for what is not UTF-8 (RFC 3629: no surrogates, no long
// forms).
UChar32 next_code_point(std::string_view text, std::size_t& position) {
    UChar32 code_point = 0;
    U8_NEXT(text.data(), position, text.size(), code_point);
    return code_point;
}
#pragma GCC diagnostic pop

Result<void> check_characters(std::string_view email) {
    for (std::size_t next = 0; next < email.size();) {
        const UChar32 code_point = next_code_point(email, next);
        if (code_point < 0) return invalid_email("is not valid UTF-8");
        if (u_isUWhiteSpace(code_point) || u_iscntrl(code_point)) {
            return invalid_email("has white space or a control character in it");
        }
    }
    return {};
}

Result<std::string> parse_local_part(std::string_view local) {
    if (local.empty()) return invalid_email("has nothing before the @");
    if (local.size() > limits::email_local_bytes) return invalid_email("has more than 64 bytes before the @");
    if (!is_ascii(local)) return invalid_email("has letters before the @ that are not ASCII; those are not supported");
    if (local.starts_with('"')) return invalid_email("has a quoted part before the @; those are not supported");
    if (local.starts_with('.') || local.ends_with('.') || local.find("..") != std::string_view::npos) {
        return invalid_email("has a dot before the @ that does not stand between two characters");
    }
    for (const char c : local) {
        if (c != '.' && !is_atext(c)) {
            return invalid_email("has a character before the @ that is not allowed there: " +
                                 quote_for_message({&c, 1}));
        }
    }
    return to_lower_ascii(local);
}

std::unique_ptr<const icu::IDNA> make_uts46() {
    UErrorCode status = U_ZERO_ERROR;
    constexpr std::uint32_t options = UIDNA_USE_STD3_RULES | UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ |
                                      UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_NONTRANSITIONAL_TO_UNICODE;
    std::unique_ptr<const icu::IDNA> uts46(icu::IDNA::createUTS46Instance(options, status));
    return U_SUCCESS(status) ? std::move(uts46) : nullptr;
}

// The domain as A-labels; nothing where UTS #46 refuses it.
Result<std::string> domain_to_ascii(std::string_view domain) {
    static const std::unique_ptr<const icu::IDNA> uts46 = make_uts46();
    if (!uts46) return internal_error("ICU could not load its data for domain names; is libicu complete?");
    std::string ascii;
    icu::StringByteSink<std::string> sink(&ascii);
    icu::IDNAInfo info;
    UErrorCode status = U_ZERO_ERROR;
    uts46->nameToASCII_UTF8(icu::StringPiece(domain.data(), static_cast<std::int32_t>(domain.size())), sink, info,
                            status);
    // A domain that comes as ASCII is looked up as it is. Registered names such as "ab--cd.example" break a rule that
    // exists for new U-labels, and the rule of Bidi about neighbours is one of display.
    const std::uint32_t forgiven = is_ascii(domain) ? UIDNA_ERROR_HYPHEN_3_4 | UIDNA_ERROR_BIDI : 0;
    if (U_FAILURE(status) || (info.getErrors() & ~forgiven) != 0) {
        return invalid_email("has something after the @ that is no valid host name");
    }
    return ascii;
}

Result<std::string> parse_domain(std::string_view domain) {
    if (domain.empty()) return invalid_email("has nothing after the @");
    if (domain.starts_with('[')) return invalid_email("has an IP address after the @; a host name belongs there");
    if (domain.ends_with('.')) return invalid_email("ends in a dot");
    // Before ICU sees it: mapping may make a long text short, and costs time by its length.
    if (domain.size() > limits::email_bytes) return invalid_email("is longer than 254 bytes");
    auto ascii = TRY(domain_to_ascii(domain));
    const std::size_t last_dot = ascii.rfind('.');
    if (last_dot == std::string::npos) return invalid_email("has only one label after the @, as in user@host");
    if (last_dot + 1 == ascii.size()) return invalid_email("ends in a dot");
    if (std::all_of(ascii.begin() + static_cast<std::ptrdiff_t>(last_dot) + 1, ascii.end(),
                    [](char c) { return c >= '0' && c <= '9'; })) {
        return invalid_email("has an IP address after the @; a host name belongs there");
    }
    return ascii;
}

Result<void> check_code_point(UChar32 code_point) {
    switch (u_charType(code_point)) {
        case U_CONTROL_CHAR: return invalid_password("has a control character, such as a tab or a line break");
        case U_UNASSIGNED: return invalid_password("has a character that Unicode does not define");
        case U_SURROGATE: return invalid_password("is not valid UTF-8");
        default: return {};
    }
}

// Step 2 of RFC 8265 section 4.2.1 (step 1 does nothing), and the check of the code points.
Result<SecretChars> map_spaces(std::string_view text) {
    SecretChars mapped;
    mapped.reserve(text.size());
    for (std::size_t start = 0, next = 0; next < text.size(); start = next) {
        const UChar32 code_point = next_code_point(text, next);
        if (code_point < 0) return invalid_password("is not valid UTF-8");
        TRY(check_code_point(code_point));
        const bool is_space = u_charType(code_point) == U_SPACE_SEPARATOR;
        const std::string_view kept = is_space ? " " : text.substr(start, next - start);
        mapped.insert(mapped.end(), kept.begin(), kept.end());
    }
    return mapped;
}

class SecretSink final : public icu::ByteSink {
public:
    void Append(const char* bytes, std::int32_t count) override { text.insert(text.end(), bytes, bytes + count); }
    SecretChars text;
};

}  // namespace

Result<core::EmailAddress> IcuText::parse_email(std::string_view text) const {
    if (text.empty()) return invalid_email("is empty");
    if (text.size() > limits::email_bytes) return invalid_email("is longer than 254 bytes");
    TRY(check_characters(text));
    const std::size_t at = text.rfind('@');
    if (at == std::string_view::npos) return invalid_email("has no @");
    const std::string local = TRY(parse_local_part(text.substr(0, at)));
    const std::string domain = TRY(parse_domain(text.substr(at + 1)));
    core::EmailAddress address{.key = local + "@" + domain, .given = std::string(text)};
    if (address.key.size() > limits::email_bytes) return invalid_email("is longer than 254 bytes");
    return address;
}

Result<SecretString> IcuText::prepare_password(const SecretString& password) const {
    if (password.empty()) return invalid_password("is empty");
    // No longer one was ever accepted, and normalising takes time in the square of a run of combining marks.
    if (password.reveal().size() > limits::password_maximum_bytes) return invalid_password("is too long");
    const SecretChars mapped = TRY(map_spaces(password.reveal()));
    const std::string_view text(mapped.data(), mapped.size());
    if (is_ascii(text)) return SecretString(text);

    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
    SecretSink sink;
    if (U_SUCCESS(status)) {
        nfc->normalizeUTF8(0, icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())), sink, nullptr,
                           status);
    }
    if (U_FAILURE(status)) return internal_error("ICU could not normalise a text; is libicu complete?");
    return SecretString(std::string_view(sink.text.data(), sink.text.size()));
}

std::size_t IcuText::count_characters(std::string_view text) const {
    // Every byte but the continuation bytes begins a code point.
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace postern::crypto
