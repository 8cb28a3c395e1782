#include "http/stream_driver.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string_view>
#include <utility>

#include "base/limits.hpp"

namespace postern::http {
namespace {

namespace asio = boost::asio;

// The size of a chunk is known after its bytes, and leading zeros are allowed: so it always has this form.
constexpr std::string_view chunk_size_form = "00000000\r\n";

void write_chunk_size(std::string& out, std::size_t size) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (std::size_t place = 8; place-- > 0; size >>= 4U) out[place] = digits[size & 0xFU];
}

}  // namespace

void limit_send_buffer(int socket) {
    const int bytes = limits::http_stream_send_buffer_bytes;
    ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

bool peer_has_left(int socket) {
    pollfd state{.fd = socket, .events = POLLRDHUP, .revents = 0};
    return ::poll(&state, 1, 0) > 0;
}

StreamDriver::StreamDriver(ResponseStream& source, const asio::any_io_executor& executor, bool chunked)
    : source_(source), chunked_(chunked), bell_(std::make_shared<Bell>(executor)), timer_(executor) {
    bell_->driver = this;
    source_.wake_with([bell = bell_] { ring(bell); });
}

StreamDriver::~StreamDriver() {
    bell_->driver = nullptr;
}

// Rung a hundred times before the connection's thread gets to it, it wakes the stream once.
void StreamDriver::ring(const std::shared_ptr<Bell>& bell) {
    if (bell->rung.exchange(true)) return;
    asio::post(bell->executor, [bell] {
        bell->rung = false;
        if (bell->driver != nullptr) bell->driver->wake();
    });
}

void StreamDriver::wake() {
    woken_ = true;
    timer_.cancel();
}

void StreamDriver::say_farewell() {
    leaving_ = true;
    timer_.cancel();
}

void StreamDriver::stop() {
    stopped_ = true;
    timer_.cancel();
}

asio::awaitable<bool> StreamDriver::next(std::string& out) {
    while (true) {
        // By way of the loop also when there is more to say at once: others have their turn between two chunks.
        timer_.expires_at(woken_ || leaving_ || stopped_ ? ResponseStream::TimePoint::min() : ask_again_);
        boost::system::error_code woken_early;
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken_early));
        out.clear();
        if (stopped_) co_return false;
        woken_ = false;
        begin_chunk(out);
        ResponseStream::Next said{.last = true};
        if (leaving_) {
            out += source_.farewell();
        } else {
            said = source_.next(out);
        }
        ask_again_ = said.ask_again;
        if (end_chunk(out, said.last)) co_return !said.last;
    }
}

void StreamDriver::begin_chunk(std::string& out) const {
    if (chunked_) out = chunk_size_form;
}

// False: there is nothing to send.
bool StreamDriver::end_chunk(std::string& out, bool last) const {
    if (!chunked_) return last || !out.empty();
    const std::size_t size = out.size() - chunk_size_form.size();
    if (size == 0) {
        out.clear();
    } else {
        write_chunk_size(out, size);
        out += "\r\n";
    }
    if (last) out += "0\r\n\r\n";
    return !out.empty();
}

}  // namespace postern::http
