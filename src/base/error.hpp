// What went wrong, in the words of the person who will read it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace postern {

// The kind decides the HTTP status and the exit status; the code is the stable word that programs match on;
// the message is a sentence for a person. None of them ever holds a secret.
enum class ErrorKind {
    invalid_input,    // 400: the caller must change the request
    unauthenticated,  // 401: no, wrong or dead credentials
    forbidden,        // 403: known, but not allowed
    not_found,        // 404
    conflict,         // 409: clashes with what is there, or changed under the caller
    throttled,        // 429: too many attempts; nothing was done
    not_current,      // internal: this node must catch up with the store before it may answer; see core/access.hpp
    overloaded,       // 503: a bounded queue is full or its deadline passed; nothing was done
    unavailable,      // 503: the store cannot be reached, or cannot say whether the write took place
    internal,         // 500: a bug or a broken machine
};

struct Error {
    ErrorKind kind = ErrorKind::internal;
    std::string code;
    std::string message;
    std::optional<std::chrono::seconds> retry_after = std::nullopt;  // set with throttled, overloaded and unavailable
};

inline Error invalid_input(std::string code, std::string message) {
    return {ErrorKind::invalid_input, std::move(code), std::move(message)};
}
inline Error unauthenticated(std::string code, std::string message) {
    return {ErrorKind::unauthenticated, std::move(code), std::move(message)};
}
inline Error forbidden(std::string code, std::string message) {
    return {ErrorKind::forbidden, std::move(code), std::move(message)};
}
inline Error not_found(std::string code, std::string message) {
    return {ErrorKind::not_found, std::move(code), std::move(message)};
}
inline Error conflict(std::string code, std::string message) {
    return {ErrorKind::conflict, std::move(code), std::move(message)};
}
inline Error throttled(std::string code, std::string message, std::chrono::seconds retry_after) {
    return {ErrorKind::throttled, std::move(code), std::move(message), retry_after};
}
inline Error overloaded(std::string message, std::chrono::seconds retry_after = std::chrono::seconds(1)) {
    return {ErrorKind::overloaded, "overloaded", std::move(message), retry_after};
}
inline Error unavailable(std::string message, std::chrono::seconds retry_after = std::chrono::seconds(1)) {
    return {ErrorKind::unavailable, "unavailable", std::move(message), retry_after};
}
inline Error internal_error(std::string message) {
    return {ErrorKind::internal, "internal_error", std::move(message)};
}

}  // namespace postern
