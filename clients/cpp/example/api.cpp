// A tiny API that trusts Postern's tokens: GET anything with "Authorization: Bearer <token>" answers 200 with the
// subject; otherwise 401, 403 or 503 as RFC 6750 says.
//
//   postern-example-api --issuer https://auth.example.com --audience https://api.example.com
//                       [--client-id ID --client-secret SECRET] [--listen 127.0.0.1:9000] [--scope SCOPE]
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <postern/verifier.hpp>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

namespace {

Response make_response(const Request& request, http::status status, const std::string& body) {
    Response response(status, request.version());
    response.set(http::field::content_type, "text/plain; charset=utf-8");
    response.set(http::field::cache_control, "no-store");
    response.keep_alive(request.keep_alive());
    response.body() = body + "\n";
    response.prepare_payload();
    return response;
}

Response refuse(const Request& request, http::status status, const std::string& challenge, const std::string& body) {
    Response response = make_response(request, status, body);
    response.set(http::field::www_authenticate, challenge);
    return response;
}

Response answer(const postern::Verifier& verifier, const std::string& scope, const Request& request) {
    const std::string_view header = request[http::field::authorization];
    constexpr std::string_view scheme = "Bearer ";
    const bool is_bearer = header.size() > scheme.size() && beast::iequals(header.substr(0, scheme.size()), scheme);
    if (!is_bearer) return refuse(request, http::status::unauthorized, "Bearer", "A bearer token is wanted");
    const postern::Check check = verifier.check(header.substr(scheme.size()));
    if (check.outcome == postern::Outcome::unavailable) {
        Response response = make_response(request, http::status::service_unavailable, check.reason);
        response.set(http::field::retry_after, "1");
        return response;
    }
    if (!check) {
        return refuse(request, http::status::unauthorized,
                      "Bearer error=\"invalid_token\", error_description=\"" + std::string(word(check.outcome)) + "\"",
                      check.reason);
    }
    if (!scope.empty() && !check.claims->has_scope(scope)) {
        return refuse(request, http::status::forbidden, "Bearer error=\"insufficient_scope\", scope=\"" + scope + "\"",
                      "The scope " + scope + " is wanted");
    }
    return make_response(request, http::status::ok, check.claims->subject);
}

class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(asio::ip::tcp::socket socket, const postern::Verifier& verifier, const std::string& scope)
        : stream_(std::move(socket)), verifier_(verifier), scope_(scope) {}

    void read() {
        parser_.emplace();
        parser_->body_limit(64 * 1024);
        stream_.expires_after(std::chrono::seconds(30));
        http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](beast::error_code error, std::size_t) {
            if (!error) self->write();
        });
    }

private:
    void write() {
        response_ = answer(verifier_, scope_, parser_->get());
        http::async_write(stream_, response_, [self = shared_from_this()](beast::error_code error, std::size_t) {
            if (!error && self->response_.keep_alive()) self->read();
        });
    }

    beast::tcp_stream stream_;
    const postern::Verifier& verifier_;
    const std::string& scope_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    Response response_;
};

void accept_next(asio::ip::tcp::acceptor& acceptor, const postern::Verifier& verifier, const std::string& scope) {
    acceptor.async_accept([&](beast::error_code error, asio::ip::tcp::socket socket) {
        if (!acceptor.is_open()) return;
        if (!error) std::make_shared<Connection>(std::move(socket), verifier, scope)->read();
        accept_next(acceptor, verifier, scope);
    });
}

int serve(const std::map<std::string, std::string>& arguments) {
    const auto argument = [&](const std::string& name, const std::string& otherwise) {
        const auto found = arguments.find("--" + name);
        return found == arguments.end() ? otherwise : found->second;
    };
    postern::VerifierOptions options;
    options.issuer = argument("issuer", "");
    options.audience = argument("audience", "");
    options.client_id = argument("client-id", "");
    options.client_secret = argument("client-secret", "");
    options.log = [](std::string_view line) { std::cerr << std::string(line) + "\n"; };
    const postern::Verifier verifier(options);

    const std::string scope = argument("scope", "");
    const std::string listen = argument("listen", "127.0.0.1:9000");
    const auto colon = listen.rfind(':');
    const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(listen.substr(0, colon)),
                                           static_cast<unsigned short>(std::stoi(listen.substr(colon + 1))));
    asio::io_context context(1);
    asio::ip::tcp::acceptor acceptor(context, endpoint);
    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](beast::error_code, int) { context.stop(); });
    accept_next(acceptor, verifier, scope);
    static_cast<void>(verifier.wait_until_ready(std::chrono::seconds(5)));
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    context.run();
    return 0;
}

}  // namespace

int main(int count, char** values) {
    std::map<std::string, std::string> arguments;
    for (int i = 1; i + 1 < count; i += 2) arguments[values[i]] = values[i + 1];
    try {
        return serve(arguments);
    } catch (const std::exception& error) {
        std::cerr << "postern-example-api: " << error.what() << "\n";
        return 2;
    }
}
