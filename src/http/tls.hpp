// The TLS side of the server: TLS 1.2 and newer, forward secrecy only, HTTP/1.1 by ALPN. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/result.hpp"

namespace boost::asio::ssl {
class context;
}

namespace postern::http {

class Tls {
public:
    // PEM files: the certificate with its chain, and its key without a passphrase.
    // Errors: invalid_input, one sentence that names the file and what is wrong with it.
    static Result<std::unique_ptr<Tls>> load(std::string certificate_file, std::string key_file);

    // What the next handshake is to use. A connection keeps what it began with.
    [[nodiscard]] std::shared_ptr<boost::asio::ssl::context> current() const;
    // Reads the files again. On an error everything stays as it was.
    Result<void> reload();

private:
    Tls(std::string certificate_file, std::string key_file);

    const std::string certificate_file_;
    const std::string key_file_;
    mutable std::mutex mutex_;
    std::shared_ptr<boost::asio::ssl::context> current_;
};

}  // namespace postern::http
