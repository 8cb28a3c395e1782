// What an operator may set about the server, and the limits that tests shorten.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "http/request_reader.hpp"

namespace postern::http {

struct ConnectionLimits {
    std::chrono::milliseconds header_time = limits::http_header_time;  // from the first byte to the end of the header
    std::chrono::milliseconds body_time = limits::http_body_time;
    std::chrono::milliseconds write_time = limits::http_write_time;
    std::chrono::milliseconds idle_time = limits::http_idle_time;
    std::chrono::milliseconds handshake_time = limits::tls_handshake_time;
    std::chrono::milliseconds linger_time = limits::http_linger_time;
    std::size_t connections = limits::http_connections;
};

struct TlsFiles {
    std::string certificate;  // PEM, with the chain
    std::string key;          // PEM, without a passphrase
};

struct ServerOptions {
    std::string address = "127.0.0.1";  // an IPv4 or IPv6 address, or "localhost"
    std::uint16_t port = 0;             // 0: any free one
    std::size_t io_threads = 1;
    RequestLimits request_limits = {};
    ConnectionLimits connection_limits = {};
    std::vector<std::string> trusted_proxies = {};  // addresses and networks
    std::optional<TlsFiles> tls = std::nullopt;
    bool security_headers = true;
    bool access_log = true;                      // a line for each request
    std::vector<std::string> cors_origins = {};  // see cors.hpp
};

}  // namespace postern::http
