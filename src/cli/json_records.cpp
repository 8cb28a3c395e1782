#include <optional>

#include "base/limits.hpp"
#include "cli/records.hpp"

namespace postern::cli {
namespace {

// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing past U+10FFFF.
bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
        const unsigned first = byte(i);
        if (first < 0x80) {
            ++i;
            continue;
        }
        const std::size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
        unsigned low = 0x80;
        unsigned high = 0xBF;
        if (first == 0xE0) low = 0xA0;
        if (first == 0xED) high = 0x9F;
        if (first == 0xF0) low = 0x90;
        if (first == 0xF4) high = 0x8F;
        if (first < 0xC2 || first > 0xF4 || byte(i + 1) < low || byte(i + 1) > high) return false;
        for (std::size_t part = 2; part <= more; ++part) {
            if ((byte(i + part) & 0xC0U) != 0x80) return false;
        }
        i += more + 1;
    }
    return true;
}

bool is_space(int byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

void finish(Record& record, bool too_long) {
    if (too_long) {
        record.refusal = invalid_input(
            "line_too_long", "The record is longer than " + std::to_string(limits::import_line_bytes) + " bytes");
    } else {
        record.refusal = check_encoding(record.values.front());
    }
}

class JsonLines final : public RecordReader {
public:
    explicit JsonLines(InputFile& file) : file_(file) {}

    Result<bool> next(Record& record) override {
        while (file_.peek() != InputFile::end) {
            record = Record{.place = ++line_, .values = {std::string()}, .refusal = {}};
            const bool too_long = read_line(record.values.front());
            const bool blank = record.values.front().find_first_not_of(" \t\r") == std::string::npos;
            if (blank && !too_long) continue;
            finish(record, too_long);
            return true;
        }
        if (file_.failed()) return unavailable("Cannot read " + file_.path() + " further");
        return false;
    }

private:
    // Whether there is more of it than fits.
    bool read_line(std::string& line) {
        bool too_long = false;
        for (auto ahead = file_.ahead(); !ahead.empty(); ahead = file_.ahead()) {
            const std::size_t line_end = ahead.find('\n');
            const std::string_view part = ahead.substr(0, line_end);
            too_long = too_long || line.size() + part.size() > limits::import_line_bytes;
            if (!too_long) line += part;
            file_.skip(line_end == std::string_view::npos ? ahead.size() : line_end + 1);
            if (line_end != std::string_view::npos) break;
        }
        return too_long;
    }

    InputFile& file_;
    std::uint64_t line_ = 0;
};

class JsonElements final : public RecordReader {
public:
    JsonElements(InputFile& file, std::string member) : file_(file), member_(std::move(member)) {}

    Result<bool> next(Record& record) override {
        if (!inside_) {
            if (!TRY(enter_array())) return false;
            skip_space();
            if (file_.peek() == ']') return leave_array(record);
        } else {
            skip_space();
            if (file_.peek() == ']') return leave_array(record);
            TRY(expect(','));
        }
        record = Record{.place = ++element_, .values = {std::string()}, .refusal = {}};
        finish(record, TRY(read_value(&record.values.front())));
        return true;
    }

private:
    Result<bool> leave_array(Record& record) {
        file_.next();
        inside_ = false;
        if (!in_object_) {
            TRY(expect_end());
            ended_ = true;
            return false;
        }
        skip_space();
        if (file_.peek() == ',') file_.next();
        return next(record);
    }

    // Up to the first element, or to the end of the file.
    Result<bool> enter_array() {
        if (ended_) return false;
        skip_space();
        if (!in_object_) {
            if (file_.peek() == '[') {
                file_.next();
                return inside_ = true;
            }
            TRY(expect('{'));
            in_object_ = true;
        }
        for (;;) {
            skip_space();
            if (file_.peek() == '}') {
                file_.next();
                TRY(expect_end());
                ended_ = true;
                return false;
            }
            std::string name;
            TRY(read_value(&name));
            skip_space();
            TRY(expect(':'));
            skip_space();
            if (name == '"' + member_ + '"' && file_.peek() == '[') {
                file_.next();
                return inside_ = true;
            }
            TRY(read_value(nullptr));
            skip_space();
            if (file_.peek() == ',') file_.next();
        }
    }

    // One JSON value, into `text` as far as it fits: whether there is more. Counts brackets and steps over strings.
    Result<bool> read_value(std::string* text) {
        skip_space();
        std::size_t bytes = 0;
        std::size_t depth = 0;
        bool in_string = false;
        bool escaped = false;
        for (;;) {
            const int byte = file_.peek();
            if (byte == InputFile::end) return cut_off();
            const bool closes = byte == ']' || byte == '}';
            if (!in_string && depth == 0 && (closes || byte == ',' || byte == ':' || is_space(byte))) break;
            file_.next();
            if (++bytes <= limits::import_line_bytes && text != nullptr) text->push_back(static_cast<char>(byte));
            if (in_string) {
                in_string = escaped || byte != '"';
                escaped = !escaped && byte == '\\';
            } else if (byte == '"') {
                in_string = true;
            } else if (byte == '[' || byte == '{') {
                ++depth;
            } else if (closes) {
                --depth;
            }
            if (!in_string && depth == 0 && (closes || byte == '"')) break;
        }
        if (bytes == 0) return wrong("a value is missing");
        return bytes > limits::import_line_bytes;
    }

    void skip_space() {
        while (is_space(file_.peek())) file_.next();
    }
    Result<void> expect(char wanted) {
        if (file_.peek() == InputFile::end) return cut_off();
        if (file_.peek() != wanted) return wrong(std::string("there should be a ") + wanted);
        file_.next();
        return {};
    }
    Result<void> expect_end() {
        skip_space();
        if (file_.peek() != InputFile::end) return wrong("there is more after the end of the JSON text");
        return {};
    }
    Error cut_off() {
        if (file_.failed()) return unavailable("Cannot read " + file_.path() + " further");
        return wrong("the file ends in the middle of the JSON text");
    }
    [[nodiscard]] Error wrong(const std::string& what) const {
        return invalid_input("invalid_file", "At byte " + std::to_string(file_.offset()) + ", after " +
                                                 std::to_string(element_) + " records: " + what);
    }

    InputFile& file_;
    std::string member_;
    bool in_object_ = false;
    bool inside_ = false;
    bool ended_ = false;
    std::uint64_t element_ = 0;
};

}  // namespace

std::optional<Error> check_encoding(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) return invalid_input("nul_byte", "The record has a NUL byte");
    if (!is_utf8(text)) {
        return invalid_input("invalid_encoding",
                             "The record is not UTF-8; convert the file first, for example with iconv");
    }
    return std::nullopt;
}

std::unique_ptr<RecordReader> read_json_lines(InputFile& file) {
    return std::make_unique<JsonLines>(file);
}

std::unique_ptr<RecordReader> read_json_elements(InputFile& file, std::string member) {
    return std::make_unique<JsonElements>(file, std::move(member));
}

}  // namespace postern::cli
