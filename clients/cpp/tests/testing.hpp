// An issuer for the tests: keys, tokens and lists, and a server on loopback that does what the test says.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/json.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "base/clock.hpp"
#include "base/encoding.hpp"
#include "base/zlib.hpp"

namespace postern::client {

namespace json = boost::json;

class TestKey {
public:
    TestKey(std::string kid, std::string purpose) : kid_(std::move(kid)), purpose_(std::move(purpose)) {
        key_.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free);
    }
    [[nodiscard]] std::string sign(std::string_view typ, const json::object& claims) const {
        const json::object header = {{"alg", "EdDSA"}, {"typ", typ}, {"kid", kid_}};
        const std::string input =
            encode_base64url(json::serialize(header)) + "." + encode_base64url(json::serialize(claims));
        std::array<std::uint8_t, 64> signature{};
        std::size_t size = signature.size();
        EVP_MD_CTX* context = EVP_MD_CTX_new();
        EXPECT_EQ(EVP_DigestSignInit_ex(context, nullptr, nullptr, nullptr, nullptr, key_.get(), nullptr), 1);
        EXPECT_EQ(EVP_DigestSign(context, signature.data(), &size, reinterpret_cast<const std::uint8_t*>(input.data()),
                                 input.size()),
                  1);
        EVP_MD_CTX_free(context);
        return input + "." + encode_base64url(signature);
    }
    [[nodiscard]] json::object jwk() const {
        std::array<std::uint8_t, 32> bytes{};
        std::size_t size = bytes.size();
        EXPECT_EQ(EVP_PKEY_get_raw_public_key(key_.get(), bytes.data(), &size), 1);
        return {{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", encode_base64url(bytes)}, {"kid", kid_},
                {"use", "sig"}, {"alg", "EdDSA"},   {"postern_purpose", purpose_}};
    }

private:
    std::string kid_;
    std::string purpose_;
    std::shared_ptr<EVP_PKEY> key_;
};

inline const std::string list_id = "018f3c1e-7a00-7c3b-9d1a-5f0e4b2c8a01";
inline const std::string other_list_id = "018f3c1e-7a00-7c3b-9d1a-5f0e4b2c8a02";

inline std::string packed(const std::vector<std::uint32_t>& revoked, std::size_t slots = 1024) {
    std::vector<std::uint8_t> bits(slots / 8);
    for (const auto index : revoked) bits.at(index / 8) |= static_cast<std::uint8_t>(1U << (index % 8));
    return encode_base64url(deflate_zlib(bits, 6));
}

struct Issuer {
    std::string url;
    TestKey access{"access-1", "access"};
    TestKey status_list{"list-1", "status_list"};

    [[nodiscard]] std::string uri(const std::string& list) const { return url + "/status-lists/" + list; }
    [[nodiscard]] static std::int64_t now() { return to_seconds(SystemClock().now()); }
    [[nodiscard]] std::string token(std::uint32_t index, const std::string& list = list_id,
                                    const TestKey* key = nullptr) const {
        const json::object reference = {{"idx", index}, {"uri", uri(list)}};
        return (key != nullptr ? *key : access)
            .sign("at+jwt", {{"iss", url},
                             {"aud", json::array{"https://api.example"}},
                             {"sub", "018f3c1e-7a00-7c3b-9d1a-5f0e4b2c8b01"},
                             {"client_id", "first-party"},
                             {"iat", now() - 10},
                             {"exp", now() + 600},
                             {"jti", "018f3c1e-7a00-7c3b-9d1a-5f0e4b2c8b02"},
                             {"sid", "018f3c1e-7a00-7c3b-9d1a-5f0e4b2c8b03"},
                             {"type", "access"},
                             {"roles", json::array{"clerk"}},
                             {"scope", "read write"},
                             {"plan", "gold"},
                             {"status", {{"status_list", reference}}}});
    }
    [[nodiscard]] std::string list(const std::vector<std::uint32_t>& revoked, const std::string& id = list_id) const {
        return status_list.sign("statuslist+jwt", {{"sub", uri(id)},
                                                   {"iat", now() - 1},
                                                   {"exp", now() + 600},
                                                   {"ttl", 5},
                                                   {"status_list", {{"bits", 1}, {"lst", packed(revoked)}}}});
    }
    [[nodiscard]] std::string jwks(const std::vector<const TestKey*>& keys = {}) const {
        json::array all{access.jwk(), status_list.jwk()};
        for (const TestKey* key : keys) all.emplace_back(key->jwk());
        return json::serialize(json::object{{"keys", all}});
    }
};

// Answers each request on a thread of its own, as `handler` says, and closes the connection.
class LoopbackServer {
public:
    class Stream {
    public:
        Stream(int socket, const std::atomic<bool>& stopping) : socket_(socket), stopping_(stopping) {}
        // False when the other side is gone.
        bool write(std::string_view bytes) {
            while (!bytes.empty()) {
                const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
                if (sent <= 0) return false;
                bytes.remove_prefix(static_cast<std::size_t>(sent));
            }
            return true;
        }
        bool answer(int status, std::string_view headers, std::string_view body) {
            return write("HTTP/1.1 " + std::to_string(status) + " x\r\nConnection: close\r\n" + std::string(headers) +
                         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
        }
        bool begin_events() {
            return write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
        }
        // The test ends, or the other side has left.
        [[nodiscard]] bool is_over() const {
            char byte = 0;
            return stopping_ || ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
        }

    private:
        int socket_;
        const std::atomic<bool>& stopping_;
    };
    using Handler = std::function<void(const std::string& request, const std::string& path, Stream& stream)>;

    explicit LoopbackServer(Handler handler) : handler_(std::move(handler)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(listener_, 64), 0);
        socklen_t size = sizeof address;
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        accepting_ = std::thread([this] { accept_all(); });
    }
    ~LoopbackServer() {
        stopping_ = true;
        ::shutdown(listener_, SHUT_RDWR);
        accepting_.join();
        ::close(listener_);
        for (auto& thread : serving_) thread.join();
    }
    LoopbackServer(const LoopbackServer&) = delete;
    LoopbackServer& operator=(const LoopbackServer&) = delete;
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

private:
    void accept_all() {
        while (!stopping_) {
            const int socket = ::accept(listener_, nullptr, nullptr);
            if (socket < 0) return;
            serving_.emplace_back([this, socket] { serve(socket); });
        }
    }
    void serve(int socket) {
        std::string request;
        std::array<char, 4096> buffer{};
        while (request.find("\r\n\r\n") == std::string::npos) {
            const ssize_t size = ::recv(socket, buffer.data(), buffer.size(), 0);
            if (size <= 0) break;
            request.append(buffer.data(), static_cast<std::size_t>(size));
        }
        if (const auto begin = request.find(' '); begin != std::string::npos) {
            Stream stream(socket, stopping_);
            handler_(request, request.substr(begin + 1, request.find(' ', begin + 1) - begin - 1), stream);
        }
        ::shutdown(socket, SHUT_WR);
        ::close(socket);
    }

    Handler handler_;
    int listener_ = -1;
    int port_ = 0;
    std::atomic<bool> stopping_ = false;
    std::thread accepting_;
    std::vector<std::thread> serving_;
};

// Whether `condition` holds before `limit` has passed.
inline bool becomes_true(const std::function<bool()>& condition, Milliseconds limit = Milliseconds(5000)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(Milliseconds(5));
    }
    return true;
}

}  // namespace postern::client
