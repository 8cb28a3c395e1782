#include "http/tls.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "http/response_stream.hpp"
#include "http/testing.hpp"

namespace postern::http {
namespace {

using namespace std::chrono_literals;
using testing::Client;
using testing::get;

template <auto Free>
struct Freer {
    template <typename T>
    void operator()(T* object) const {
        Free(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Freer<SSL_free>>;
using File = std::unique_ptr<std::FILE, Freer<std::fclose>>;

// A P-256 key and a self-signed certificate for it, in PEM.
void write_pair(const TlsFiles& files, const char* common_name) {
    const Key key(EVP_EC_gen("P-256"));
    const Certificate certificate(X509_new());
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* subject = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common_name), -1, -1,
                               0);
    X509_set_issuer_name(certificate.get(), subject);
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    const File certificate_file(std::fopen(files.certificate.c_str(), "w"));
    PEM_write_X509(certificate_file.get(), certificate.get());
    const File key_file(std::fopen(files.key.c_str(), "w"));
    PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
}

class TlsServer : public testing::ServerTest {
protected:
    TlsServer() { std::filesystem::create_directories(folder_); }
    ~TlsServer() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] TlsFiles files(const std::string& name) const {
        return {folder_ / (name + ".pem"), folder_ / (name + ".key")};
    }
    TlsFiles make_pair(const char* name) {
        write_pair(files(name), name);
        return files(name);
    }
    static std::string load_error(const TlsFiles& files) {
        const auto tls = Tls::load(files.certificate, files.key);
        return tls ? "" : tls.error().message;
    }

    const std::filesystem::path folder_ =
        std::filesystem::temp_directory_path() / ("postern-tls-" + std::to_string(getpid()));
};

// A TLS client over a raw one.
class TlsClient {
public:
    explicit TlsClient(std::uint16_t port, int newest = TLS1_3_VERSION, std::string_view protocol = "http/1.1")
        : client_(port), context_(SSL_CTX_new(TLS_client_method())) {
        SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context_.get(), newest);
        SSL_CTX_set_security_level(context_.get(), 0);
        session_.reset(SSL_new(context_.get()));
        const std::string offered = std::string(1, static_cast<char>(protocol.size())) + std::string(protocol);
        SSL_set_alpn_protos(session_.get(), reinterpret_cast<const unsigned char*>(offered.data()),
                            static_cast<unsigned>(offered.size()));
        SSL_set_fd(session_.get(), client_.native());
        connected_ = SSL_connect(session_.get()) == 1;
        ERR_clear_error();
    }

    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] SSL* session() const { return session_.get(); }
    [[nodiscard]] std::string common_name() const {
        const Certificate certificate(SSL_get1_peer_certificate(session_.get()));
        char name[64] = "";
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name, sizeof name);
        return name;
    }
    std::string ask(const std::string& request) {
        SSL_write(session_.get(), request.data(), static_cast<int>(request.size()));
        std::string answer;
        while (answer.find("\r\n\r\nhello") == std::string::npos) {
            char bytes[4096];
            const int count = SSL_read(session_.get(), bytes, sizeof bytes);
            if (count <= 0) break;
            answer.append(bytes, static_cast<std::size_t>(count));
        }
        return answer;
    }

    // Waits for the server to say that it closes.
    [[nodiscard]] bool has_ended() const {
        char byte = 0;
        const int count = SSL_read(session_.get(), &byte, 1);
        return count <= 0 && SSL_get_error(session_.get(), count) == SSL_ERROR_ZERO_RETURN;
    }

private:
    Client client_;
    Context context_;
    Session session_;
    bool connected_ = false;
};

// Says "hello" after a while, and that it goes when the server stops.
class Greeting final : public ResponseStream {
public:
    Next next(std::string& chunk) override {
        if (!std::exchange(waited_, true)) return {.ask_again = std::chrono::steady_clock::now() + 20ms};
        chunk += "\r\n\r\nhello";
        return {};
    }
    void wake_with(std::function<void()>) override {}
    std::string farewell() override { return "farewell"; }

private:
    bool waited_ = false;
};

TEST_F(TlsServer, SendsAnswersThatGoOn) {
    router_.add(Method::get, "/stream", InlineHandler([](const Request&) {
                    return Response{.content_type = "text/plain", .stream = std::make_shared<Greeting>()};
                }));
    start({.tls = make_pair("one")});
    TlsClient client(server_->port());
    const std::string answer = client.ask("GET /stream HTTP/1.1\r\nHost: test\r\n\r\n");
    EXPECT_NE(answer.find("Transfer-Encoding: chunked\r\n"), std::string::npos) << answer;
    EXPECT_TRUE(answer.ends_with("00000009\r\n\r\n\r\nhello\r\n")) << answer;
    std::thread stop([this] { server_->stop(5s); });
    std::string last(64, '\0');
    const int count = SSL_read(client.session(), last.data(), static_cast<int>(last.size()));
    last.resize(static_cast<std::size_t>(std::max(0, count)));
    EXPECT_EQ(last, "00000008\r\nfarewell\r\n0\r\n\r\n");
    EXPECT_TRUE(client.has_ended());
    SSL_shutdown(client.session());
    stop.join();
}

TEST_F(TlsServer, AnswersOverTls12And13) {
    start({.io_threads = 2, .tls = make_pair("one")});
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        TlsClient client(server_->port(), version);
        ASSERT_TRUE(client.connected());
        EXPECT_EQ(SSL_version(client.session()), version);
        const unsigned char* protocol = nullptr;
        unsigned length = 0;
        SSL_get0_alpn_selected(client.session(), &protocol, &length);
        EXPECT_EQ(std::string(protocol, protocol + length), "http/1.1");
        for (int i = 0; i < 3; ++i) {
            const std::string answer = client.ask(get("/hello"));
            EXPECT_NE(answer.find("HTTP/1.1 200 OK"), std::string::npos);
            EXPECT_NE(answer.find("Strict-Transport-Security: max-age="), std::string::npos);
        }
    }
}

TEST_F(TlsServer, RefusesWhatIsNotSafe) {
    start({.tls = make_pair("one")});
    EXPECT_FALSE(TlsClient(server_->port(), TLS1_1_VERSION).connected());
    EXPECT_FALSE(TlsClient(server_->port(), TLS1_3_VERSION, "h2").connected());
    EXPECT_EQ(ask(get("/hello")).status, 0);  // plain HTTP
    EXPECT_TRUE(TlsClient(server_->port()).connected());
    EXPECT_NE(metrics_.text().find(R"(postern_http_connections_refused_total{reason="tls_handshake"} 3)"),
              std::string::npos);
}

TEST_F(TlsServer, HandshakeHasADeadline) {
    ServerOptions options{.tls = make_pair("one")};
    options.connection_limits.handshake_time = 100ms;
    start(options);
    Client silent = connect();
    silent.send("\x16\x03\x01");
    EXPECT_TRUE(silent.is_closed());
}

TEST_F(TlsServer, RefusesLargeBodiesReadably) {
    start({.tls = make_pair("one")});
    TlsClient client(server_->port());
    EXPECT_NE(client.ask(testing::post("/echo", std::string(300'000, 'x'))).find("HTTP/1.1 413"), std::string::npos);
}

TEST_F(TlsServer, ReloadsForNewConnections) {
    const TlsFiles used = make_pair("first");
    start({.tls = used});
    TlsClient old(server_->port());
    EXPECT_EQ(old.common_name(), "first");

    write_pair(used, "second");
    ASSERT_TRUE(server_->reload_tls().has_value());
    EXPECT_EQ(TlsClient(server_->port()).common_name(), "second");
    EXPECT_NE(old.ask(get("/hello")).find("200 OK"), std::string::npos);

    std::ofstream(used.certificate) << "broken";
    const auto reloaded = server_->reload_tls();
    ASSERT_FALSE(reloaded.has_value());
    EXPECT_NE(reloaded.error().message.find(used.certificate + " is not a PEM certificate"), std::string::npos)
        << reloaded.error().message;
    EXPECT_EQ(TlsClient(server_->port()).common_name(), "second");
}

TEST_F(TlsServer, StopsWithConnectionsOpen) {
    start({.tls = make_pair("one")});
    TlsClient client(server_->port());
    EXPECT_NE(client.ask(get("/hello")).find("200 OK"), std::string::npos);
    std::thread stopper([this] { server_->stop(5s); });
    EXPECT_TRUE(client.has_ended());
    SSL_shutdown(client.session());
    stopper.join();
}

TEST_F(TlsServer, FilesThatAreWrong) {
    const TlsFiles one = make_pair("one");
    const TlsFiles two = make_pair("two");
    EXPECT_EQ(load_error(one), "");
    EXPECT_NE(load_error({one.certificate, two.key}).find("does not belong to the certificate"), std::string::npos);
    EXPECT_NE(load_error({"/no/such/file", one.key}).find("certificate /no/such/file cannot be read"),
              std::string::npos);
    EXPECT_NE(load_error({one.certificate, one.certificate}).find("is not a PEM key"), std::string::npos);

    const TlsFiles locked = files("locked");
    std::filesystem::copy(one.certificate, locked.certificate);
    const Key key(EVP_EC_gen("P-256"));
    {
        const File file(std::fopen(locked.key.c_str(), "w"));
        char passphrase[] = "secret";
        PEM_write_PrivateKey(file.get(), key.get(), EVP_aes_128_cbc(), reinterpret_cast<unsigned char*>(passphrase), 6,
                             nullptr, nullptr);
    }
    EXPECT_NE(load_error(locked).find("without a passphrase"), std::string::npos) << load_error(locked);

    auto started = Server::start({.tls = TlsFiles{one.certificate, "/no/such/key"}}, router_, metrics_);
    EXPECT_FALSE(started.has_value());
    start();
    EXPECT_FALSE(server_->reload_tls().has_value());
}

}  // namespace
}  // namespace postern::http
