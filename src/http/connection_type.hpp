// One connection, over TCP or TLS. Inside connection*.cpp only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <chrono>
#include <type_traits>
#include <utility>

#include "http/exchange.hpp"
#include "http/receive_buffer.hpp"
#include "http/request_reader.hpp"
#include "http/response_stream.hpp"
#include "http/shard.hpp"
#include "http/stream_driver.hpp"

namespace postern::http {

using TlsStream = boost::asio::ssl::stream<Socket>;

template <typename Stream>
class Connection final : public Tenant {
public:
    Connection(Shard& shard, Shared& shared, Stream stream, const AddressBytes& peer, ConnectionCount::Slot slot)
        : Tenant(shard),
          slot_(std::move(slot)),
          shared_(shared),
          limits_(shared.options.connection_limits),
          stream_(std::move(stream)),
          exchange_(shard, shared, peer, is_tls),
          buffer_(shared.options.request_limits.header_bytes + 1024),
          reader_(shared.options.request_limits) {}

    boost::asio::awaitable<void> run();

    void expire() override;
    void leave_if_idle() override;
    void cut() override;

private:
    static constexpr bool is_tls = std::is_same_v<Stream, TlsStream>;

    enum class Phase { handshake, idle, header, body, handling, writing, streaming, lingering };
    enum class Received { request, refused, nothing };

    void enter(Phase phase, std::chrono::milliseconds time, TimePoint now = std::chrono::steady_clock::now()) {
        phase_ = phase;
        idle_ = phase == Phase::idle;
        timed_out_ = false;
        set_deadline(now + time);
    }
    void enter_idle();
    void enter_header();
    boost::asio::awaitable<bool> shake_hands();
    boost::asio::awaitable<bool> serve_request();
    boost::asio::awaitable<Received> receive_header();
    boost::asio::awaitable<Received> receive_body();
    boost::asio::awaitable<std::size_t> receive();
    boost::asio::awaitable<Response> answer(Router::Match& match);
    boost::asio::awaitable<bool> send();
    bool send_at_once();
    boost::asio::awaitable<void> send_stream(ResponseStream& source);
    boost::asio::awaitable<void> close();
    boost::asio::awaitable<void> drop_input();

    Received refused();

    auto& socket() { return stream_.lowest_layer(); }

    ConnectionCount::Slot slot_;
    Shared& shared_;
    const ConnectionLimits& limits_;
    Stream stream_;
    Exchange exchange_;
    ReceiveBuffer buffer_;
    RequestReader reader_;
    StreamDriver* driver_ = nullptr;  // while an answer goes on

    Phase phase_ = Phase::handshake;
    bool served_one_ = false;
    bool timed_out_ = false;     // while reading, or writing
    bool leaving_ = false;       // no request after this one
    bool broken_ = false;        // the transport has failed: nothing more can be said
    bool unread_input_ = false;  // the peer may still be sending what was refused
};

}  // namespace postern::http
