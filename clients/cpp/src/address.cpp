#include "address.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <memory>
#include <new>
#include <stdexcept>

namespace postern::client {
namespace {

struct FreeUrl {
    void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, FreeUrl>;

// Empty when there is none.
std::string part(const Url& url, CURLUPart which) {
    char* text = nullptr;
    if (curl_url_get(url.get(), which, &text, 0) != CURLUE_OK) return {};
    const std::unique_ptr<char, decltype(&curl_free)> owner(text, curl_free);
    return text;
}

bool is_loopback(const std::string& host) {
    in_addr four{};
    if (inet_pton(AF_INET, host.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
    in6_addr six{};
    if (host.size() > 2 && inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &six) == 1) {  // in brackets
        return IN6_IS_ADDR_LOOPBACK(&six);
    }
    return host == "localhost";
}

}  // namespace

void check_address(const std::string& text, bool allow_plain_http) {
    const Url url(curl_url());
    if (!url) throw std::bad_alloc();
    const CURLUcode read = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_DISALLOW_USER);
    if (read == CURLUE_USER_NOT_ALLOWED) {
        throw std::invalid_argument(
            "credentials do not belong in the issuer's address; use client_id and client_secret");
    }
    const std::string scheme = part(url, CURLUPART_SCHEME);
    if (read != CURLUE_OK || (scheme != "https" && scheme != "http")) {
        throw std::invalid_argument("issuer is no https:// address: " + text);
    }
    if (text.ends_with('/'))
        throw std::invalid_argument("issuer ends with a slash, and so does no issuer of Postern's");
    if (text.find_first_of("?#") != std::string::npos) {
        throw std::invalid_argument("issuer has a query or a fragment, and so has no issuer of Postern's: " + text);
    }
    if (scheme == "http" && !allow_plain_http && !is_loopback(part(url, CURLUPART_HOST))) {
        throw std::invalid_argument("issuer is http:// to another machine; set allow_plain_http if that is meant");
    }
}

}  // namespace postern::client
