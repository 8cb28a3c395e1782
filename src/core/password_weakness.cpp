#include "core/password_weakness.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "base/ascii.hpp"
#include "base/secret.hpp"

namespace postern::core {
namespace {

using SecretText = std::vector<char, WipingAllocator<char>>;

constexpr std::size_t least_remaining_bytes = 8;
// A year before a word and a year after it make it no better.
constexpr std::size_t most_added_bytes = 8;
constexpr std::size_t shortest_word_bytes = 3;
constexpr std::size_t shortest_run_bytes = 3;
// How many of the digits and signs behind a word may belong to it, as in "trustno1".
constexpr std::size_t longest_tail_bytes = 8;

// Rows and columns of the usual keyboard; each is run along in both directions.
constexpr std::array<std::string_view, 17> keyboard_lines = {
    "1234567890-=", "!@#$%^&*()_+", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./", "qwertzuiop",
    "azertyuiop",   "1qaz",         "2wsx",         "3edc",        "4rfv",       "5tgb",
    "6yhn",         "7ujm",         "8ik,",         "9ol.",        "0p;/"};

std::string_view view(const SecretText& text) {
    return {text.data(), text.size()};
}

SecretText lower(std::string_view text) {
    SecretText lowered(text.size());
    std::ranges::transform(text, lowered.begin(), [](char c) { return to_lower_ascii(c); });
    return lowered;
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
}

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// Which run a pair of neighbours may belong to: the next, the previous or the same character of a line. 0: none.
int step_between(char first, char second) {
    constexpr int same = 1;
    constexpr int up = 2;
    constexpr int down = 3;
    if (first == second) return same;
    if (is_alphanumeric(first) && is_alphanumeric(second)) {
        if (second - first == 1) return up;
        if (first - second == 1) return down;
    }
    for (const std::string_view line : keyboard_lines) {
        const auto at = line.find(first);
        if (at == std::string_view::npos) continue;
        if (at + 1 < line.size() && line[at + 1] == second) return up;
        if (at > 0 && line[at - 1] == second) return down;
    }
    return 0;
}

// The length of `text` when every run in it counts as one character.
std::size_t folded_size(std::string_view text) {
    std::size_t size = 0;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at + 1;
        const int step = end < text.size() ? step_between(text[at], text[end]) : 0;
        while (step != 0 && end < text.size() && step_between(text[end - 1], text[end]) == step) ++end;
        const bool is_run = end - at >= shortest_run_bytes;
        size += 1;
        at = is_run ? end : at + 1;
    }
    return size;
}

// "abcabcabcab" is made of "abc", and "abc-abc" of "abc-": the shortest piece whose copies, the last one perhaps cut,
// are the text. The text itself, when there are not two of them, but for the last character. By the prefix function of
// Knuth, Morris and Pratt, in linear time.
std::string_view unit_of(std::string_view text) {
    std::vector<std::size_t> border(text.size(), 0);
    for (std::size_t at = 1; at < text.size(); ++at) {
        std::size_t length = border[at - 1];
        while (length > 0 && text[at] != text[length]) length = border[length - 1];
        border[at] = text[at] == text[length] ? length + 1 : 0;
    }
    const std::size_t period = text.empty() ? 0 : text.size() - border.back();
    return period * 2 <= text.size() + 1 && period < text.size() ? text.substr(0, period) : text;
}

// Letters that were put as digits and signs. `one` is what "1" stands for: an i to some, an l to others.
SecretText undo_substitutions(std::string_view text, char one) {
    constexpr std::string_view signs = "034579@$!+";
    constexpr std::string_view letters = "oeastgasit";
    SecretText plain(text.begin(), text.end());
    for (char& c : plain) {
        const auto at = signs.find(c);
        if (at != std::string_view::npos) c = letters[at];
        if (c == '1') c = one;
    }
    return plain;
}

class KnownWords {
public:
    explicit KnownWords(const Blocklist& list) : list_(list) {}

    // The word, or what its copies are made of, as it is or with substitutions undone.
    [[nodiscard]] bool contain(std::string_view word) const {
        if (word.size() < shortest_word_bytes) return false;
        const std::string_view unit = unit_of(word);
        return list_.contains(word) || list_.contains(unit) || list_.contains(view(undo_substitutions(unit, 'i'))) ||
               list_.contains(view(undo_substitutions(unit, 'l')));
    }

private:
    const Blocklist& list_;
};

// Whether `text` is a known password between digits and signs that do not add enough.
bool is_known_inside(std::string_view text, const KnownWords& words) {
    if (words.contain(text)) return true;
    const auto first = std::ranges::find_if(text, is_letter);
    if (first == text.end()) return false;
    const auto begin = static_cast<std::size_t>(first - text.begin());
    std::size_t end = text.size();
    while (!is_letter(text[end - 1])) --end;
    const std::size_t last_end = std::min(text.size(), end + longest_tail_bytes);
    for (const std::size_t from : {std::size_t(0), begin}) {
        for (std::size_t to = end; to <= last_end; ++to) {
            const std::size_t added = folded_size(text.substr(0, from)) + folded_size(text.substr(to));
            if (added <= most_added_bytes && words.contain(text.substr(from, to - from))) return true;
        }
    }
    return false;
}

}  // namespace

PasswordWeakness find_weakness(std::string_view password, const Blocklist* list) {
    const SecretText lowered = lower(password);
    const std::string_view unit = unit_of(view(lowered));
    if (list != nullptr) {
        const KnownWords words(*list);
        if (is_known_inside(view(lowered), words) || is_known_inside(unit, words)) return PasswordWeakness::known;
    }
    // A random password may have a run or two in it by chance, digits above all; hardly when two thirds of it are such.
    const std::size_t remaining = folded_size(unit);
    const bool is_pattern = remaining < least_remaining_bytes && remaining * 3 <= password.size();
    return is_pattern ? PasswordWeakness::pattern : PasswordWeakness::none;
}

}  // namespace postern::core
