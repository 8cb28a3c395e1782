#include "http/connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "base/log.hpp"
#include "http/connection_type.hpp"
#include "http/dispatch.hpp"

namespace postern::http {

namespace asio = boost::asio;
using asio::awaitable;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using ErrorCode = boost::system::error_code;

template <typename Stream>
void Connection<Stream>::enter_idle() {
    buffer_.shrink();
    exchange_.shrink();
    const bool stopping = shared_.stopping.load(std::memory_order_relaxed);
    const milliseconds time = stopping ? milliseconds(limits::http_first_request_grace) : limits_.idle_time;
    enter(Phase::idle, time, exchange_.end);
}

template <typename Stream>
void Connection<Stream>::enter_header() {
    exchange_.start = Clock::now();
    enter(Phase::header, limits_.header_time, exchange_.start);
}

template <typename Stream>
void Connection<Stream>::expire() {
    set_deadline(TimePoint::max());
    timed_out_ = true;
    ErrorCode ignored;
    if (phase_ == Phase::idle || phase_ == Phase::header || phase_ == Phase::body) {
        socket().cancel(ignored);
    } else {
        socket().close(ignored);
    }
}

template <typename Stream>
void Connection<Stream>::leave_if_idle() {
    if (driver_ != nullptr) {  // it would never end by itself
        driver_->say_farewell();
        leaving_ = true;
        set_deadline(std::min(deadline(), Clock::now() + limits::http_farewell_time));
    }
    if (phase_ != Phase::idle) return;
    if (!served_one_) {  // its first request may be on the way
        set_deadline(std::min(deadline(), Clock::now() + limits::http_first_request_grace));
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
    if (driver_ != nullptr) driver_->stop();
}

template <typename Stream>
awaitable<void> Connection<Stream>::run() {
    const bool ready = co_await shake_hands();
    if (!ready) co_return;
    exchange_.end = Clock::now();
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
        set_deadline(TimePoint::max());
        match = shared_.router.match(exchange_.request);
        if (auto at_once = answer_at_once(match, exchange_.request)) {
            response = std::move(*at_once);
        } else {
            response = co_await answer(match);
        }
    } else {
        response = error_response(reader_.refusal().status, reader_.refusal().code, reader_.refusal().message);
    }
    shared_.cors.decorate(exchange_.request, response);
    const bool stopping = shared_.stopping.load(std::memory_order_relaxed);
    const bool goes_on = response.stream != nullptr && exchange_.request.method != Method::head;
    const bool keep_alive = received == Received::request && reader_.keep_alive() && !goes_on && !leaving_ && !stopping;
    exchange_.frame(response, keep_alive, reader_.is_http_1_0());
    exchange_.end = Clock::now();
    // Before the answer leaves, so that whoever has read it finds it in the metrics and the log.
    if (goes_on) {
        exchange_.count(match, response.status);
        shared_.metrics.stream_opened();
    } else {
        exchange_.record(match, response.status);
    }
    bool sent = send_at_once();
    if (!sent) {
        sent = co_await send();
        exchange_.end = Clock::now();
    }
    exchange_.wipe_secrets();
    if (goes_on) {
        if (sent) co_await send_stream(*response.stream);
        shared_.metrics.stream_closed();
        exchange_.end = Clock::now();
        exchange_.write_log(match, response.status);
    }
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
        enter_header();  // the client has sent more than one request at once
    }
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
        if (phase_ == Phase::idle) enter_header();
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
    const auto* from_memory = std::get_if<MemoryFirstHandler>(match.handler);
    const AsyncHandler& handler =
        from_memory != nullptr ? from_memory->otherwise : std::get<AsyncHandler>(*match.handler);
    co_return co_await call(handler, exchange_.request);
}

template <typename Stream>
typename Connection<Stream>::Received Connection<Stream>::refused() {
    unread_input_ = true;
    return Received::refused;
}

namespace {

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
