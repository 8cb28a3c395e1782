// Scopes as RFC 6749 section 3.3 has them: words without white space, many of them in one text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace postern::core {

// Whether `word` can stand among others in a `scope`: printable ASCII without the space, the quote and the backslash.
bool is_scope_word(std::string_view word);

// Sorted, each once. Errors: invalid_input "invalid_scope", past limits::scopes_per_owner too.
Result<std::vector<std::string>> accept_scopes(std::vector<std::string> scopes);

// The words of a `scope`, in order. Errors: invalid_input "invalid_scope", for one that is empty or no such text.
Result<std::vector<std::string>> split_scope(std::string_view scope);

std::string join_scopes(const std::vector<std::string>& scopes);

}  // namespace postern::core
