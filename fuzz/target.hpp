// Targets of the fuzzer: each takes whatever bytes, and ends the process when something does not hold. A target's
// corpus is the directory of its name in fuzz/corpus; its dictionary, where it has one, the file in fuzz/dictionaries.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace postern::fuzz {

using Run = void (*)(std::string_view input);

struct Target {
    std::string_view name;
    Run run;
};

// Ends the process as a crash does, so that the fuzzer keeps the input.
inline void hold(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

void http_request(std::string_view input);
void json_body(std::string_view input);
void form_body(std::string_view input);
void base64url(std::string_view input);
void jws(std::string_view input);
void jwk(std::string_view input);
void status_list(std::string_view input);
void email(std::string_view input);
void password_hash(std::string_view input);
void configuration(std::string_view input);
void import_file(std::string_view input);
void feed(std::string_view input);

inline constexpr Target targets[] = {
    {"http_request", http_request},
    {"json_body", json_body},
    {"form_body", form_body},
    {"base64url", base64url},
    {"jws", jws},
    {"jwk", jwk},
    {"status_list", status_list},
    {"email", email},
    {"password_hash", password_hash},
    {"configuration", configuration},
    {"import_file", import_file},
    {"feed", feed},
};

// The target of that name; null when there is none.
inline const Target* find_target(std::string_view name) {
    for (const Target& target : targets) {
        if (target.name == name) return &target;
    }
    return nullptr;
}

}  // namespace postern::fuzz
