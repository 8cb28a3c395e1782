// Words as RFC 6749 section 3.3 has them in a `scope`: without white space, many of them in one text. Scopes, roles and
// audiences are such words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace postern::core {

// Whether `word` can stand among others in a `scope`: printable ASCII without the space, the quote and the backslash.
bool is_scope_word(std::string_view word);

// As they are kept: sorted, each once. `kind` is what they are, such as "role". Errors: invalid_input "invalid_<kind>"
// for one that is no such word, or longer than `most_bytes`.
Result<std::vector<std::string>> accept_words(std::vector<std::string> words, std::string_view kind,
                                              std::size_t most_bytes);

// The same for scopes. Errors: invalid_input "invalid_scope", past limits::scopes_per_owner too.
Result<std::vector<std::string>> accept_scopes(std::vector<std::string> wanted);

// The words of a `scope`, in order. Errors: invalid_input "invalid_scope", for one that is empty or no such text.
Result<std::vector<std::string>> split_scope(std::string_view scope);

// What they take in a token: in quotes, with a comma.
std::size_t bytes_in_token(const std::vector<std::string>& words);

// With a space between.
std::string join_words(const std::vector<std::string>& words);
// Whatever stands between spaces, as join_words() left it.
std::vector<std::string> split_words(std::string_view text);

}  // namespace postern::core
