#include "http/connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <type_traits>
#include <utility>

#include "base/log.hpp"
#include "http/dispatch.hpp"
#include "http/exchange.hpp"
#include "http/receive_buffer.hpp"
#include "http/request_reader.hpp"

namespace postern::http {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using ErrorCode = boost::system::error_code;

using TlsStream = asio::ssl::stream<Socket>;

template <typename Stream>
class Connection final : public Tenant {
public:
    Connection(Shard& shard, Shared& shared, Stream stream, const AddressBytes& peer, ConnectionCount::Slot slot)
        : slot_(std::move(slot)),
          shared_(shared),
          limits_(shared.options.connection_limits),
          stream_(std::move(stream)),
          exchange_(shard, shared, peer, is_tls),
          buffer_(shared.options.request_limits.header_bytes + 1024),
          reader_(shared.options.request_limits) {
        shard.add(*this);
    }

    awaitable<void> run();

    void expire() override;
    void leave_if_idle() override;
    void cut() override;

private:
    static constexpr bool is_tls = std::is_same_v<Stream, TlsStream>;

    enum class Phase { handshake, idle, header, body, handling, writing, lingering };
    enum class Received { request, refused, nothing };

    void enter(Phase phase, milliseconds time);
    void enter_idle();
    awaitable<bool> shake_hands();
    awaitable<bool> serve_request();
    awaitable<Received> receive_header();
    awaitable<Received> receive_body();
    awaitable<std::size_t> receive();
    awaitable<Response> answer(Router::Match& match);
    awaitable<bool> send();
    bool send_at_once();
    awaitable<void> close();
    awaitable<void> drop_input();

    Received refused();

    auto& socket() { return stream_.lowest_layer(); }

    ConnectionCount::Slot slot_;
    Shared& shared_;
    const ConnectionLimits& limits_;
    Stream stream_;
    Exchange exchange_;
    ReceiveBuffer buffer_;
    RequestReader reader_;

    Phase phase_ = Phase::handshake;
    bool served_one_ = false;
    bool timed_out_ = false;     // while reading
    bool leaving_ = false;       // no request after this one
    bool broken_ = false;        // the transport has failed: nothing more can be said
    bool unread_input_ = false;  // the peer may still be sending what was refused
};

template <typename Stream>
void Connection<Stream>::enter(Phase phase, milliseconds time) {
    phase_ = phase;
    idle_ = phase == Phase::idle;
    timed_out_ = false;
    deadline_ = Clock::now() + time;
}

template <typename Stream>
void Connection<Stream>::enter_idle() {
    buffer_.shrink();
    exchange_.shrink();
    const bool stopping = shared_.stopping.load(std::memory_order_relaxed);
    enter(Phase::idle, stopping ? milliseconds(limits::http_first_request_grace) : limits_.idle_time);
}

template <typename Stream>
void Connection<Stream>::expire() {
    deadline_ = TimePoint::max();
    ErrorCode ignored;
    if (phase_ == Phase::idle || phase_ == Phase::header || phase_ == Phase::body) {
        timed_out_ = true;
        socket().cancel(ignored);
    } else {
        socket().close(ignored);
    }
}

template <typename Stream>
void Connection<Stream>::leave_if_idle() {
    if (phase_ != Phase::idle) return;
    if (shared_.stopping && !served_one_) {  // its first request may be on the way
        deadline_ = std::min(deadline_, Clock::now() + limits::http_first_request_grace);
        return;
    }
    leaving_ = true;
    ErrorCode ignored;
    socket().cancel(ignored);
}

template <typename Stream>
void Connection<Stream>::cut() {
    ErrorCode ignored;
    socket().close(ignored);
}

template <typename Stream>
awaitable<void> Connection<Stream>::run() {
    const bool ready = co_await shake_hands();
    if (!ready) co_return;
    bool more = true;
    while (more) more = co_await serve_request();
    co_await close();
}

template <typename Stream>
awaitable<bool> Connection<Stream>::shake_hands() {
    if constexpr (is_tls) {
        enter(Phase::handshake, limits_.handshake_time);
        ErrorCode error;
        co_await stream_.async_handshake(asio::ssl::stream_base::server,
                                         asio::redirect_error(asio::use_awaitable, error));
        if (error) shared_.metrics.connection_refused(RequestMetrics::Refused::tls_handshake);
        co_return !error;
    }
    co_return true;
}

// One request and its answer; false when the connection is to close.
template <typename Stream>
awaitable<bool> Connection<Stream>::serve_request() {
    Received received = co_await receive_header();
    if (received == Received::request && reader_.has_body()) received = co_await receive_body();
    if (received == Received::nothing) co_return false;

    exchange_.identify();
    Router::Match match;
    Response response;
    if (received == Received::request) {
        phase_ = Phase::handling;
        idle_ = false;
        deadline_ = TimePoint::max();
        match = shared_.router.match(exchange_.request);
        const InlineHandler* direct = match.handler ? std::get_if<InlineHandler>(match.handler) : nullptr;
        if (match.handler != nullptr && has_unexpected_body(exchange_.request)) {
            response = answer_unexpected_body();
        } else if (direct != nullptr) {
            response = call(*direct, exchange_.request);
        } else {
            response = co_await answer(match);
        }
    } else {
        response = error_response(reader_.refusal().status, reader_.refusal().code, reader_.refusal().message);
    }
    shared_.cors.decorate(exchange_.request, response);
    const bool stopping = shared_.stopping.load(std::memory_order_relaxed);
    const bool keep_alive = received == Received::request && reader_.keep_alive() && !leaving_ && !stopping;
    exchange_.frame(response, keep_alive, reader_.is_http_1_0());
    // Before the answer leaves, so that whoever has read it finds it in the metrics and the log.
    exchange_.record(match, response.status);
    bool sent = send_at_once();
    if (!sent) sent = co_await send();
    exchange_.wipe_secrets();
    served_one_ = true;
    const bool more = sent && keep_alive;
    co_return more;
}

template <typename Stream>
awaitable<typename Connection<Stream>::Received> Connection<Stream>::receive_header() {
    reader_.restart(exchange_.request);
    if (buffer_.empty()) {
        enter_idle();
    } else {
        enter(Phase::header, limits_.header_time);  // the client has sent more than one request at once
    }
    exchange_.start = Clock::now();
    exchange_.received_bytes = 0;
    while (true) {
        if (!buffer_.empty()) {
            const RequestReader::Progress progress = reader_.read_header(buffer_.view());
            if (progress == RequestReader::Progress::refused) co_return refused();
            if (progress == RequestReader::Progress::done) {
                exchange_.received_bytes = reader_.consumed();
                buffer_.consume(reader_.consumed());
                co_return Received::request;
            }
            if (timed_out_) {
                reader_.refuse(408, "request_timeout", "The header did not arrive in time");
                co_return refused();
            }
        }
        const std::size_t count = co_await receive();
        if (count == 0 && (!timed_out_ || buffer_.empty())) co_return Received::nothing;
        if (phase_ == Phase::idle) {
            enter(Phase::header, limits_.header_time);
            exchange_.start = deadline_ - limits_.header_time;
        }
    }
}

template <typename Stream>
awaitable<typename Connection<Stream>::Received> Connection<Stream>::receive_body() {
    enter(Phase::body, limits_.body_time);
    if (reader_.expects_continue() && buffer_.empty()) {
        exchange_.out = "HTTP/1.1 100 Continue\r\n\r\n";
        bool sent = send_at_once();
        if (!sent) sent = co_await send();
        if (!sent) co_return Received::nothing;
        enter(Phase::body, limits_.body_time);
    }
    while (true) {
        if (!buffer_.empty()) {
            const RequestReader::Progress progress = reader_.read_body(buffer_.view());
            exchange_.received_bytes += reader_.consumed();
            buffer_.consume(reader_.consumed());
            if (progress == RequestReader::Progress::refused) co_return refused();
            if (progress == RequestReader::Progress::done) co_return Received::request;
        }
        if (timed_out_) {
            reader_.refuse(408, "request_timeout", "The body did not arrive in time");
            co_return refused();
        }
        const std::size_t count = co_await receive();
        if (count == 0 && !timed_out_) co_return Received::nothing;
    }
}

// Appends to the buffer; 0 when nothing more comes, or not in time.
template <typename Stream>
awaitable<std::size_t> Connection<Stream>::receive() {
    const std::span<char> room = buffer_.prepare();
    const asio::mutable_buffer target(room.data(), room.size());
    ErrorCode error;
    std::size_t count = co_await stream_.async_read_some(target, asio::redirect_error(asio::use_awaitable, error));
    if constexpr (!is_tls) {
        // A request that had arrived before we wanted to leave is answered.
        if (error == asio::error::operation_aborted && leaving_) count = stream_.read_some(target, error);
    }
    broken_ = error && error != asio::error::operation_aborted && error != asio::error::eof;
    buffer_.commit(count);
    co_return count;
}

// What is not answered inline.
template <typename Stream>
awaitable<Response> Connection<Stream>::answer(Router::Match& match) {
    if (match.handler == nullptr) co_return answer_without_handler(exchange_.request, match, shared_.cors);
    co_return co_await call(std::get<AsyncHandler>(*match.handler), exchange_.request);
}

template <typename Stream>
typename Connection<Stream>::Received Connection<Stream>::refused() {
    unread_input_ = true;
    return Received::refused;
}

// A small answer fits into the socket's buffer nearly always, and then nobody has to wait for anything. What did not
// fit stays in `exchange_.out`. Not over TLS, whose records are Asio's to drive.
template <typename Stream>
bool Connection<Stream>::send_at_once() {
    if constexpr (is_tls) return false;
    ErrorCode error;
    const std::size_t count = stream_.write_some(asio::buffer(exchange_.out), error);
    if (error && error != asio::error::would_block) broken_ = true;
    if (count == exchange_.out.size()) return true;
    exchange_.out.erase(0, count);
    return false;
}

template <typename Stream>
awaitable<bool> Connection<Stream>::send() {
    if (broken_) co_return false;
    enter(Phase::writing, limits_.write_time);
    ErrorCode error;
    co_await asio::async_write(stream_, asio::buffer(exchange_.out), asio::redirect_error(asio::use_awaitable, error));
    if (error) broken_ = true;
    co_return !error;
}

template <typename Stream>
awaitable<void> Connection<Stream>::close() {
    enter(Phase::lingering, limits_.linger_time);
    if (broken_) co_return;
    ErrorCode error;
    if constexpr (is_tls) {
        co_await stream_.async_shutdown(asio::redirect_error(asio::use_awaitable, error));
    }
    if (unread_input_) co_await drop_input();
}

// Until the peer has read the answer and closed, or the time is up, or it has sent more than anybody would who still
// listens. Bytes of it go nowhere, so this costs no memory.
template <typename Stream>
awaitable<void> Connection<Stream>::drop_input() {
    ErrorCode error;
    socket().shutdown(asio::socket_base::shutdown_send, error);
    auto& transport = [this]() -> Socket& {
        if constexpr (is_tls) {
            return stream_.next_layer();
        } else {
            return stream_;
        }
    }();
    std::vector<char> dropped(4096);
    std::size_t total = 0;
    while (!error && total < limits::http_linger_bytes) {
        total +=
            co_await transport.async_read_some(asio::buffer(dropped), asio::redirect_error(asio::use_awaitable, error));
    }
}

template <typename Stream>
awaitable<void> run_connection(std::unique_ptr<Connection<Stream>> connection) {
    co_await connection->run();
}

template <typename Stream>
void spawn(std::unique_ptr<Connection<Stream>> connection, Shard& shard) {
    asio::co_spawn(shard.context(), run_connection(std::move(connection)), [](const std::exception_ptr& bug) {
        try {
            if (bug) std::rethrow_exception(bug);
        } catch (const std::exception& exception) {
            log::error("connection_exception", {{"what", exception.what()}});
        }
    });
}

AddressBytes to_bytes(const asio::ip::address& address) {
    if (address.is_v6()) return address.to_v6().to_bytes();
    return asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4()).to_bytes();
}

}  // namespace

void serve_connection(Shard& shard, Shared& shared, Socket socket, ConnectionCount::Slot slot) {
    ErrorCode error;
    const auto peer = socket.remote_endpoint(error);
    if (error) return;  // gone already
    socket.set_option(asio::ip::tcp::no_delay(true), error);
    socket.non_blocking(true, error);
    const AddressBytes address = to_bytes(peer.address());
    if (shared.tls == nullptr) {
        spawn(std::make_unique<Connection<Socket>>(shard, shared, std::move(socket), address, std::move(slot)), shard);
        return;
    }
    const auto context = shared.tls->current();  // the stream's SSL keeps what it needs of it
    TlsStream stream(std::move(socket), *context);
    spawn(std::make_unique<Connection<TlsStream>>(shard, shared, std::move(stream), address, std::move(slot)), shard);
}

}  // namespace postern::http
