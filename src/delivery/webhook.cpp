#include "delivery/webhook.hpp"

#include <sodium.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "base/limits.hpp"
#include "delivery/network_address.hpp"

namespace postern::delivery {
namespace {

// An event's name is a word of ours; nothing else becomes part of a header.
std::string header_word(std::string_view text) {
    std::string plain;
    for (const char c : text.substr(0, 100)) plain += c > ' ' && c <= '~' ? c : '?';
    return plain;
}

class WebhookTransfer final : public Transfer {
public:
    WebhookTransfer(const WebhookSettings& settings, const core::OutboxEntry& entry, Timestamp now)
        : Transfer(settings.limits), url_(entry.recipient), body_(entry.payload) {
        set(CURLOPT_PROTOCOLS_STR, std::string("http,https"));
        set(CURLOPT_URL, url_);
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        set(CURLOPT_USERAGENT, settings.user_agent);
        set(CURLOPT_POST, 1L);
        set_pointer(CURLOPT_POSTFIELDS, body_.data());
        set(CURLOPT_POSTFIELDSIZE, static_cast<long>(body_.size()));
        set_function(CURLOPT_WRITEFUNCTION, &WebhookTransfer::ignore_answer);
        set_pointer(CURLOPT_WRITEDATA, this);
        if (!settings.private_addresses) {
            set_function(CURLOPT_OPENSOCKETFUNCTION, &WebhookTransfer::open_socket);
            set_pointer(CURLOPT_OPENSOCKETDATA, this);
        }
        add_header("Content-Type: application/json");
        add_header("Expect:");
        add_header("Postern-Event: " + header_word(entry.topic));
        add_header("Postern-Delivery: " + entry.id.text());
        add_header("Postern-Signature: " + sign_webhook(settings.secret, now, body_));
        use_headers();
    }

    [[nodiscard]] Outcome judge(CURLcode code) const override {
        const long status = response_code();
        // An answer that is too long for us is an answer all the same.
        const bool answered = code == CURLE_OK || (code == CURLE_WRITE_ERROR && answer_bytes_ > 0);
        if (answered && status >= 200 && status < 300) return {Outcome::Kind::sent};
        if (answered) return {Outcome::Kind::retry, "The webhook answered with status " + std::to_string(status)};
        if (met_private_address_) {
            return {Outcome::Kind::retry,
                    "The webhook's host has a private address; webhooks.private_addresses would allow that"};
        }
        return {Outcome::Kind::retry, "The webhook could not be reached: " + describe(code)};
    }

private:
    static std::size_t ignore_answer(char*, std::size_t size, std::size_t count, void* self) {
        std::size_t& bytes = static_cast<WebhookTransfer*>(self)->answer_bytes_;
        bytes += size * count;
        return bytes > limits::webhook_answer_bytes ? 0 : size * count;  // 0 ends the transfer
    }
    // The address is the one that is about to be connected to, so no answer of a name server can come in between.
    static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address) {
        if (!is_public_address(address->addr)) {
            static_cast<WebhookTransfer*>(self)->met_private_address_ = true;
            return CURL_SOCKET_BAD;
        }
        return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    }

    const std::string url_;
    const std::string body_;
    std::size_t answer_bytes_ = 0;
    bool met_private_address_ = false;
};

}  // namespace

std::string sign_webhook(const SecretString& secret, Timestamp now, std::string_view body) {
    const std::string time = std::to_string(to_seconds(now));
    const std::string_view key = secret.reveal();
    const auto bytes = [](std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); };
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, bytes(key), key.size());
    for (const std::string_view piece : {std::string_view(time), std::string_view("."), body}) {
        crypto_auth_hmacsha256_update(&state, bytes(piece), piece.size());
    }
    std::array<std::uint8_t, crypto_auth_hmacsha256_BYTES> code{};
    crypto_auth_hmacsha256_final(&state, code.data());
    wipe(&state, sizeof state);
    return "t=" + time + ",v1=" + encode_hex(code);
}

Result<void> check_webhook_url(const std::string& url) {
    const std::size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
    const std::string_view rest = std::string_view(url).substr(scheme);
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
    const bool printable =
        std::ranges::all_of(url, [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; });
    if (scheme == 0 || authority.empty() || !printable) {
        return invalid_input("invalid_webhook", "it must be an http:// or https:// address");
    }
    if (authority.find('@') != std::string_view::npos) {
        return invalid_input("invalid_webhook",
                             "it must have no name and password in it; the signature proves who calls");
    }
    return {};
}

std::unique_ptr<Transfer> make_webhook_transfer(const WebhookSettings& settings, const core::OutboxEntry& entry,
                                                Timestamp now) {
    return std::make_unique<WebhookTransfer>(settings, entry, now);
}

}  // namespace postern::delivery
