#include "http/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <boost/asio/ssl/context.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

namespace postern::http {
namespace {

namespace ssl = boost::asio::ssl;

// TLS 1.2 with forward secrecy and an AEAD; TLS 1.3 has nothing else. Mozilla's "intermediate", without DHE.
constexpr const char* tls_1_2_ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

constexpr std::array<unsigned char, 9> http_1_1 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int select_protocol(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char* offered,
                    unsigned offered_length, void*) {
    unsigned char* selected = nullptr;
    if (SSL_select_next_proto(&selected, length, http_1_1.data(), http_1_1.size(), offered, offered_length) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301 section 3.2: no protocol in common ends the handshake
    }
    *chosen = selected;
    return SSL_TLSEXT_ERR_OK;
}

// A key with a passphrase is an error; without this, OpenSSL would ask for it on the terminal.
int refuse_passphrase(char*, int, int, void*) {
    return 0;
}

std::string openssl_reason() {
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    const char* reason = ERR_reason_error_string(code);
    return reason != nullptr ? reason : "unknown reason";
}

Error file_error(std::string_view what, const std::string& file, const std::string& reason) {
    return invalid_input("invalid_tls_files", "The TLS " + std::string(what) + " " + file + " " + reason);
}

Result<void> check_readable(std::string_view what, const std::string& file) {
    if (std::ifstream(file)) return {};
    return file_error(what, file, std::string("cannot be read: ") + std::strerror(errno));
}

void set_rules(SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context, tls_1_2_ciphers);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF |
                                     SSL_OP_CLEANSE_PLAINTEXT);  // what was deciphered goes once it has been read
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);         // 34 KiB less for each idle connection
    SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
    SSL_CTX_set_default_passwd_cb(context, refuse_passphrase);
    constexpr std::array<unsigned char, 7> session_owner = {'p', 'o', 's', 't', 'e', 'r', 'n'};
    SSL_CTX_set_session_id_context(context, session_owner.data(), session_owner.size());
}

Result<std::shared_ptr<ssl::context>> make_context(const std::string& certificate_file, const std::string& key_file) {
    TRY(check_readable("certificate", certificate_file));
    TRY(check_readable("key", key_file));
    auto made = std::make_shared<ssl::context>(ssl::context::tls_server);
    SSL_CTX* context = made->native_handle();
    set_rules(context);
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
        return file_error("certificate", certificate_file, "is not a PEM certificate: " + openssl_reason());
    }
    // Checks against the certificate too, so the reason has to be told apart.
    if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
        const int reason = ERR_GET_REASON(ERR_peek_last_error());
        if (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH) {
            ERR_clear_error();
            return file_error("key", key_file, "does not belong to the certificate " + certificate_file);
        }
        return file_error("key", key_file, "is not a PEM key without a passphrase: " + openssl_reason());
    }
    if (SSL_CTX_check_private_key(context) != 1) {
        ERR_clear_error();
        return file_error("key", key_file, "does not belong to the certificate " + certificate_file);
    }
    return made;
}

}  // namespace

Tls::Tls(std::string certificate_file, std::string key_file)
    : certificate_file_(std::move(certificate_file)), key_file_(std::move(key_file)) {}

Result<std::unique_ptr<Tls>> Tls::load(std::string certificate_file, std::string key_file) {
    std::unique_ptr<Tls> tls(new Tls(std::move(certificate_file), std::move(key_file)));
    TRY(tls->reload());
    return tls;
}

std::shared_ptr<ssl::context> Tls::current() const {
    const std::lock_guard lock(mutex_);
    return current_;
}

Result<void> Tls::reload() {
    auto fresh = TRY(make_context(certificate_file_, key_file_));
    const std::lock_guard lock(mutex_);
    current_ = std::move(fresh);
    return {};
}

}  // namespace postern::http
