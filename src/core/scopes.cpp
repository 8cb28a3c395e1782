#include "core/scopes.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/limits.hpp"

namespace postern::core {
namespace {

Error unfit(std::string_view scope) {
    return invalid_input("invalid_scope", "The scope " + quote_for_message(scope) + " is not 1 to " +
                                              std::to_string(limits::scope_bytes) +
                                              " characters of printable ASCII without space, quote and backslash");
}

}  // namespace

bool is_scope_word(std::string_view word) {
    const auto fits = [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; };
    return !word.empty() && std::ranges::all_of(word, fits);
}

Result<std::vector<std::string>> accept_scopes(std::vector<std::string> scopes) {
    for (const std::string& scope : scopes) {
        if (!is_scope_word(scope) || scope.size() > limits::scope_bytes) return unfit(scope);
    }
    std::ranges::sort(scopes);
    scopes.erase(std::ranges::unique(scopes).begin(), scopes.end());
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
        if (!is_scope_word(word)) return unfit(word);
        words.emplace_back(word);
        begin = end + 1;
    }
    return words;
}

std::string join_scopes(const std::vector<std::string>& scopes) {
    std::string joined;
    for (const std::string& scope : scopes) {
        if (!joined.empty()) joined += ' ';
        joined += scope;
    }
    return joined;
}

}  // namespace postern::core
