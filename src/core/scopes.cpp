#include "core/scopes.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/limits.hpp"

namespace postern::core {
namespace {

Error unfit(std::string_view word, std::string_view kind, std::size_t most_bytes) {
    return invalid_input("invalid_" + std::string(kind),
                         "The " + std::string(kind) + " " + quote_for_message(word) + " is not 1 to " +
                             std::to_string(most_bytes) +
                             " characters of printable ASCII without space, quote and backslash");
}

}  // namespace

bool is_scope_word(std::string_view word) {
    const auto fits = [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; };
    return !word.empty() && std::ranges::all_of(word, fits);
}

Result<std::vector<std::string>> accept_words(std::vector<std::string> words, std::string_view kind,
                                              std::size_t most_bytes) {
    for (const std::string& word : words) {
        if (!is_scope_word(word) || word.size() > most_bytes) return unfit(word, kind, most_bytes);
    }
    std::ranges::sort(words);
    words.erase(std::ranges::unique(words).begin(), words.end());
    return words;
}

Result<std::vector<std::string>> accept_scopes(std::vector<std::string> wanted) {
    auto scopes = TRY(accept_words(std::move(wanted), "scope", limits::scope_bytes));
    if (scopes.size() > limits::scopes_per_owner) {
        return invalid_input("invalid_scope",
                             "There may be " + std::to_string(limits::scopes_per_owner) + " scopes at most");
    }
    return scopes;
}

Result<std::vector<std::string>> split_scope(std::string_view scope) {
    std::vector<std::string> words;
    for (std::size_t begin = 0; begin <= scope.size();) {
        const auto end = std::min(scope.find(' ', begin), scope.size());
        const std::string_view word = scope.substr(begin, end - begin);
        if (!is_scope_word(word)) return unfit(word, "scope", limits::scope_bytes);
        words.emplace_back(word);
        begin = end + 1;
    }
    return words;
}

std::size_t bytes_in_token(const std::vector<std::string>& words) {
    std::size_t bytes = 0;
    for (const std::string& word : words) bytes += word.size() + 3;
    return bytes;
}

std::string join_words(const std::vector<std::string>& words) {
    std::string joined;
    for (const std::string& word : words) {
        if (!joined.empty()) joined += ' ';
        joined += word;
    }
    return joined;
}

std::vector<std::string> split_words(std::string_view text) {
    std::vector<std::string> words;
    words.reserve(text.empty() ? 0 : static_cast<std::size_t>(std::ranges::count(text, ' ')) + 1);
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        if (end > 0) words.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

}  // namespace postern::core
