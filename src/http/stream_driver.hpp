// Moves a ResponseStream along: waits for it, and frames what it says. Inside this room only; one stream's life.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "http/response_stream.hpp"

namespace postern::http {

// So that a client which does not read is noticed, and costs the kernel little.
void limit_send_buffer(int socket);
// Whether the client has closed, or closed its side: nobody who still listens does that in the middle of an answer.
bool peer_has_left(int socket);

// On the connection's thread.
class StreamDriver {
public:
    // `chunked`: in the chunked transfer coding (RFC 9112 section 7.1); otherwise until the connection closes.
    StreamDriver(ResponseStream& source, const boost::asio::any_io_executor& executor, bool chunked);
    ~StreamDriver();
    StreamDriver(const StreamDriver&) = delete;
    StreamDriver& operator=(const StreamDriver&) = delete;

    // Waits until the stream says something, and puts the bytes to send in `out`; false after the last of them.
    boost::asio::awaitable<bool> next(std::string& out);

    void say_farewell();  // the next chunk is the stream's last words
    void stop();          // next() returns at once, with nothing

private:
    // What the stream holds on to: outlives this.
    struct Bell {
        explicit Bell(boost::asio::any_io_executor on) : executor(std::move(on)) {}
        boost::asio::any_io_executor executor;
        std::atomic<bool> rung = false;
        StreamDriver* driver = nullptr;
    };
    static void ring(const std::shared_ptr<Bell>& bell);
    void wake();
    void begin_chunk(std::string& out) const;
    bool end_chunk(std::string& out, bool last) const;

    ResponseStream& source_;
    const bool chunked_;
    std::shared_ptr<Bell> bell_;
    boost::asio::steady_timer timer_;
    ResponseStream::TimePoint ask_again_ = ResponseStream::TimePoint::min();
    bool woken_ = false;
    bool leaving_ = false;
    bool stopped_ = false;
};

}  // namespace postern::http
