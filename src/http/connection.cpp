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
#include "http/receive_buffer.hpp"
#include "http/request_reader.hpp"
#include "http/response_writer.hpp"

namespace postern::http {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using ErrorCode = boost::system::error_code;

using TlsStream = asio::ssl::stream<Socket>;

// The largest answer whose memory an idle connection keeps.
constexpr std::size_t kept_answer_bytes = 4096;
constexpr std::size_t kept_body_bytes = 4096;

template <typename Stream>
class Connection final : public Tenant {
public:
    Connection(Shard& shard, Shared& shared, Stream stream, const AddressBytes& peer, ConnectionCount::Slot slot)
        : slot_(std::move(slot)),
          shard_(shard),
          shared_(shared),
          limits_(shared.options.connection_limits),
          stream_(std::move(stream)),
          peer_(peer),
          peer_text_(format_address(peer)),
          peer_is_trusted_(shared.proxies.trusts(peer)),
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

    Received refuse(const Refusal& refusal);
    void identify_request();
    void frame(const Response& response, bool keep_alive);
    void record(const Router::Match& match, int status) const;
    void wipe_request();

    auto& socket() { return stream_.lowest_layer(); }

    ConnectionCount::Slot slot_;
    Shard& shard_;
    Shared& shared_;
    const ConnectionLimits& limits_;
    Stream stream_;
    const AddressBytes peer_;
    const std::string peer_text_;
    const bool peer_is_trusted_;

    ReceiveBuffer buffer_;
    RequestReader reader_;
    Request request_;
    Refusal refusal_;
    std::string out_;

    Phase phase_ = Phase::handshake;
    bool served_one_ = false;
    bool timed_out_ = false;     // while reading
    bool leaving_ = false;       // no request after this one
    bool broken_ = false;        // the transport has failed: nothing more can be said
    bool unread_input_ = false;  // the peer may still be sending what was refused
    Clock::time_point request_start_;
    std::size_t received_bytes_ = 0;  // of this request
    std::size_t sent_bytes_ = 0;      // of its answer
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
    if (out_.capacity() > kept_answer_bytes) std::string().swap(out_);
    if (request_.body.capacity() > kept_body_bytes) std::string().swap(request_.body);
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

    identify_request();
    Router::Match match;
    Response response;
    if (received == Received::request) {
        phase_ = Phase::handling;
        idle_ = false;
        deadline_ = TimePoint::max();
        match = shared_.router.match(request_);
        const InlineHandler* direct = match.handler ? std::get_if<InlineHandler>(match.handler) : nullptr;
        if (direct != nullptr) {
            response = call(*direct, request_);
        } else {
            response = co_await answer(match);
        }
    } else {
        response = error_response(refusal_.status, refusal_.code, refusal_.message);
    }
    shared_.cors.decorate(request_, response);
    const bool stopping = shared_.stopping.load(std::memory_order_relaxed);
    const bool keep_alive = received == Received::request && reader_.keep_alive() && !leaving_ && !stopping;
    frame(response, keep_alive);
    wipe(response.body.data(), response.body.size());
    bool sent = send_at_once();
    if (!sent) sent = co_await send();
    record(match, response.status);
    wipe_request();
    served_one_ = true;
    co_return sent&& keep_alive;
}

template <typename Stream>
awaitable<typename Connection<Stream>::Received> Connection<Stream>::receive_header() {
    reader_.restart(request_);
    if (buffer_.empty()) {
        enter_idle();
    } else {
        enter(Phase::header, limits_.header_time);  // the client has sent more than one request at once
    }
    request_start_ = Clock::now();
    while (true) {
        if (!buffer_.empty()) {
            const RequestReader::Progress progress = reader_.read_header(buffer_.view());
            if (progress == RequestReader::Progress::refused) co_return refuse(reader_.refusal());
            if (progress == RequestReader::Progress::done) {
                received_bytes_ = reader_.consumed();
                buffer_.consume(reader_.consumed());
                co_return Received::request;
            }
            if (timed_out_) {
                const Refusal late{408, "request_timeout", "The header did not arrive in time"};
                co_return refuse(late);
            }
        }
        const std::size_t count = co_await receive();
        if (count == 0 && (!timed_out_ || buffer_.empty())) co_return Received::nothing;
        if (phase_ == Phase::idle) {
            enter(Phase::header, limits_.header_time);
            request_start_ = deadline_ - limits_.header_time;
        }
    }
}

template <typename Stream>
awaitable<typename Connection<Stream>::Received> Connection<Stream>::receive_body() {
    enter(Phase::body, limits_.body_time);
    if (reader_.expects_continue() && buffer_.empty()) {
        out_ = "HTTP/1.1 100 Continue\r\n\r\n";
        bool sent = send_at_once();
        if (!sent) sent = co_await send();
        if (!sent) co_return Received::nothing;
        enter(Phase::body, limits_.body_time);
    }
    while (true) {
        if (!buffer_.empty()) {
            const RequestReader::Progress progress = reader_.read_body(buffer_.view());
            received_bytes_ += reader_.consumed();
            buffer_.consume(reader_.consumed());
            if (progress == RequestReader::Progress::refused) co_return refuse(reader_.refusal());
            if (progress == RequestReader::Progress::done) co_return Received::request;
        }
        if (timed_out_) {
            const Refusal late{408, "request_timeout", "The body did not arrive in time"};
            co_return refuse(late);
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
    if (match.handler == nullptr) co_return answer_without_handler(request_, match, shared_.cors);
    co_return co_await call(std::get<AsyncHandler>(*match.handler), request_);
}

template <typename Stream>
typename Connection<Stream>::Received Connection<Stream>::refuse(const Refusal& refusal) {
    refusal_ = refusal;
    unread_input_ = true;
    return Received::refused;
}

template <typename Stream>
void Connection<Stream>::identify_request() {
    const std::string_view sent_id = acceptable_request_id(request_);
    request_.request_id = sent_id.empty() ? shard_.make_request_id() : std::string(sent_id);
    request_.client_address = peer_is_trusted_ ? shared_.proxies.client_address(peer_, request_) : peer_text_;
}

template <typename Stream>
void Connection<Stream>::frame(const Response& response, bool keep_alive) {
    out_.clear();
    const ResponseFraming framing{.head = request_.method == Method::head,
                                  .keep_alive = keep_alive,
                                  .http_1_0 = reader_.is_http_1_0(),
                                  .security_headers = shared_.options.security_headers,
                                  .tls = is_tls,
                                  .date_line = shard_.date_line.now(),
                                  .request_id = request_.request_id};
    append_response(out_, response, framing);
    sent_bytes_ = out_.size();
}

// A small answer fits into the socket's buffer nearly always, and then nobody has to wait for anything. What did not
// fit stays in `out_`. Not over TLS, whose records are Asio's to drive.
template <typename Stream>
bool Connection<Stream>::send_at_once() {
    if constexpr (is_tls) return false;
    ErrorCode error;
    const std::size_t count = stream_.write_some(asio::buffer(out_), error);
    if (error && error != asio::error::would_block) broken_ = true;
    if (count == out_.size()) return true;
    out_.erase(0, count);
    return false;
}

template <typename Stream>
awaitable<bool> Connection<Stream>::send() {
    if (broken_) co_return false;
    enter(Phase::writing, limits_.write_time);
    ErrorCode error;
    co_await asio::async_write(stream_, asio::buffer(out_), asio::redirect_error(asio::use_awaitable, error));
    if (error) broken_ = true;
    co_return !error;
}

template <typename Stream>
void Connection<Stream>::record(const Router::Match& match, int status) const {
    const auto duration = Clock::now() - request_start_;
    shared_.metrics.count({.route = match.route,
                           .method = request_.method,
                           .status = status,
                           .duration = duration,
                           .received_bytes = received_bytes_,
                           .sent_bytes = sent_bytes_});
    if (!shared_.options.access_log) return;
    log::info("request", {{"id", request_.request_id},
                          {"method", name(request_.method)},
                          {"route", match.pattern.empty() ? std::string_view("none") : match.pattern},
                          {"status", status},
                          {"duration_ms", std::chrono::duration<double, std::milli>(duration).count()},
                          {"client", request_.client_address},
                          {"received_bytes", received_bytes_},
                          {"sent_bytes", sent_bytes_}});
}

// A request may have held a password or a token, and its answer too.
template <typename Stream>
void Connection<Stream>::wipe_request() {
    wipe(request_.body.data(), request_.body.size());
    for (auto& [field, value] : request_.headers) wipe(value.data(), value.size());
    wipe(out_.data(), out_.size());
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

// Until the peer has read the answer and closed, or the time is up. Bytes of it go nowhere, so this costs no memory.
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
    std::vector<char> dropped(kept_body_bytes);
    while (!error) {
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
