// What a connection sends, and how it closes.
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <vector>

#include "base/secret.hpp"
#include "http/connection_type.hpp"

namespace postern::http {

namespace asio = boost::asio;
using asio::awaitable;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using ErrorCode = boost::system::error_code;

// A small answer fits into the socket's buffer nearly always, and then nobody has to wait for anything. What did not
// fit stays in `exchange_.out`. Not over TLS, whose records are Asio's to drive.
template <typename Stream>
bool Connection<Stream>::send_at_once() {
    if constexpr (is_tls) return false;
    ErrorCode error;
    const std::size_t count = stream_.write_some(asio::buffer(exchange_.out), error);
    if (error && error != asio::error::would_block) broken_ = true;
    if (count == exchange_.out.size()) return true;
    // Not moved within its memory, where what it was would stay behind it.
    std::string rest = exchange_.out.substr(count);
    exchange_.out.swap(rest);
    wipe(rest.data(), rest.size());
    return false;
}

template <typename Stream>
awaitable<bool> Connection<Stream>::send() {
    if (broken_) co_return false;
    const bool hurries = driver_ != nullptr && leaving_;
    enter(Phase::writing, hurries ? milliseconds(limits::http_farewell_time) : limits_.write_time);
    ErrorCode error;
    co_await asio::async_write(stream_, asio::buffer(exchange_.out), asio::redirect_error(asio::use_awaitable, error));
    if (error) broken_ = true;
    co_return !error;
}

// The connection closes after it. What the client sends meanwhile stays with the kernel.
template <typename Stream>
awaitable<void> Connection<Stream>::send_stream(ResponseStream& source) {
    const auto executor = co_await asio::this_coro::executor;
    StreamDriver driver(source, executor, !reader_.is_http_1_0());
    driver_ = &driver;
    limit_send_buffer(socket().native_handle());
    buffer_.release();
    if (shared_.stopping) leave_if_idle();
    for (bool more = true; more && !broken_;) {
        exchange_.shrink();
        phase_ = Phase::streaming;
        set_deadline(TimePoint::max());
        more = co_await driver.next(exchange_.out);
        broken_ = broken_ || !socket().is_open() || peer_has_left(socket().native_handle());
        if (broken_ || exchange_.out.empty()) continue;
        exchange_.add_sent(exchange_.out.size());
        bool sent = send_at_once();
        if (!sent) sent = co_await send();
    }
    driver_ = nullptr;
    using Ending = ResponseStream::Ending;
    const Ending broken_by = timed_out_ ? Ending::too_slow : Ending::peer_left;
    const Ending ended_by = broken_ ? broken_by : Ending::finished;
    source.ended(leaving_ ? Ending::shutdown : ended_by);
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

template bool Connection<Socket>::send_at_once();
template awaitable<bool> Connection<Socket>::send();
template awaitable<void> Connection<Socket>::send_stream(ResponseStream& source);
template awaitable<void> Connection<Socket>::close();

template bool Connection<TlsStream>::send_at_once();
template awaitable<bool> Connection<TlsStream>::send();
template awaitable<void> Connection<TlsStream>::send_stream(ResponseStream& source);
template awaitable<void> Connection<TlsStream>::close();

}  // namespace postern::http
