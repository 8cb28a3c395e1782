#include "http/listener.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

#include "base/encoding.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"

namespace postern::http {
namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;
using Tcp = asio::ip::tcp;

Result<asio::ip::address> parse_listen_address(const std::string& text) {
    if (text == "localhost") return asio::ip::address(asio::ip::address_v4::loopback());
    ErrorCode error;
    asio::ip::address address = asio::ip::make_address(text, error);
    if (error) {
        return invalid_input("invalid_listen_address",
                             "The listen address " + quote_for_message(text) +
                                 " is not an IP address; use one of this machine's, such as 127.0.0.1, or 0.0.0.0 for "
                                 "all of them");
    }
    return address;
}

Error explain(const ErrorCode& error, const Tcp::endpoint& endpoint) {
    const std::string address = endpoint.address().to_string();
    const std::string where =
        (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(endpoint.port());
    if (error == asio::error::address_in_use) {
        return conflict("port_in_use", where + " is in use; stop the other process or choose another with --listen");
    }
    if (error == asio::error::access_denied) {
        return forbidden("port_not_allowed", "This user may not listen on " + where +
                                                 "; choose a port above 1023 with --listen, or grant "
                                                 "CAP_NET_BIND_SERVICE");
    }
    if (error == boost::system::errc::address_not_available) {
        return invalid_input("invalid_listen_address",
                             address + " is not an address of this machine; choose one that is with --listen");
    }
    return invalid_input("cannot_listen", "Cannot listen on " + where + ": " + error.message());
}

// False again when its coroutine ends, however it does.
class Flag {
public:
    explicit Flag(bool& flag) : flag_(flag) {}
    ~Flag() { flag_ = false; }
    Flag(const Flag&) = delete;
    Flag& operator=(const Flag&) = delete;

private:
    bool& flag_;
};

}  // namespace

Listener::Listener(Shared& shared, std::vector<std::unique_ptr<Shard>>& shards)
    : shared_(shared), shards_(shards), acceptor_(shards.front()->context()), pause_(shards.front()->context()) {}

Result<std::unique_ptr<Listener>> Listener::open(Shared& shared, std::vector<std::unique_ptr<Shard>>& shards) {
    const auto address = TRY(parse_listen_address(shared.options.address));
    std::unique_ptr<Listener> listener(new Listener(shared, shards));
    TRY(listener->listen(Tcp::endpoint(address, shared.options.port)));
    return listener;
}

Result<void> Listener::listen(const Tcp::endpoint& endpoint) {
    ErrorCode error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(Tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(limits::http_listen_backlog, error);
    if (!error) acceptor_.non_blocking(true, error);
    if (error) return explain(error, endpoint);
    return {};
}

std::uint16_t Listener::port() const {
    return acceptor_.local_endpoint().port();
}

void Listener::start() {
    shared_.connections.set_on_slot_free([this] { asio::post(pause_.get_executor(), [this] { pause_.cancel(); }); });
    asio::post(shards_.front()->context(), [this] {
        // What throws while an operation begins (for want of memory) throws past the coroutine, which is gone then.
        shards_.front()->on_exception = [this] {
            if (!accepting_) spawn_accepting();
        };
        spawn_accepting();
    });
}

void Listener::spawn_accepting() {
    accepting_ = true;
    try {
        asio::co_spawn(shards_.front()->context(), accept_until_stopped(), [](const std::exception_ptr& thrown) {
            if (thrown) std::rethrow_exception(thrown);  // to the shard, which says so and begins again
        });
    } catch (...) {
        accepting_ = false;
        throw;
    }
}

void Listener::stop() {
    asio::post(acceptor_.get_executor(), [this] {
        closing_ = true;
        ErrorCode ignored;
        acceptor_.cancel(ignored);
        pause_.cancel();
    });
    closed_.get_future().wait();
}

Shard& Listener::next_shard() {
    return *shards_.at(turn_++ % shards_.size());
}

asio::awaitable<void> Listener::accept_until_stopped() {
    const Flag accepting(accepting_);
    while (!closing_) {
        if (shared_.connections.full()) {
            co_await wait_for_slot();
            continue;
        }
        Shard& shard = next_shard();
        ErrorCode error;
        Socket socket = co_await acceptor_.async_accept(asio::any_io_executor(shard.context().get_executor()),
                                                        asio::redirect_error(asio::use_awaitable, error));
        if (!error) {
            ConnectionCount::Slot slot(shared_.connections);
            shard.take(std::move(socket), std::move(slot));
        } else if (error != asio::error::operation_aborted && error != asio::error::connection_aborted) {
            // Out of file descriptors, most likely: waiting lets connections close, asking again at once would spin.
            shared_.metrics.connection_refused(RequestMetrics::Refused::accept_failed);
            log::warning("accept_failed", {{"reason", error.message()}});
            for (const auto& open : shards_) open->shed_idle_connections();
            pause_.expires_after(std::chrono::milliseconds(100));
            co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, error));
        }
    }
    accept_what_waits();
    ErrorCode ignored;
    acceptor_.close(ignored);
    shards_.front()->on_exception = nullptr;
    closed_.set_value();
}

// New connections wait in the kernel's queue meanwhile. Those that idle longest make room.
asio::awaitable<void> Listener::wait_for_slot() {
    shared_.metrics.connection_refused(RequestMetrics::Refused::no_free_slot);
    for (const auto& shard : shards_) shard->shed_idle_connections();
    pause_.expires_after(std::chrono::seconds(1));
    ErrorCode ignored;
    co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

// The kernel has told these clients that they are connected, so they are served.
void Listener::accept_what_waits() {
    while (true) {
        Shard& shard = next_shard();
        ErrorCode error;
        Socket socket = acceptor_.accept(asio::any_io_executor(shard.context().get_executor()), error);
        if (error) return;
        ConnectionCount::Slot slot(shared_.connections);
        shard.take(std::move(socket), std::move(slot));
    }
}

}  // namespace postern::http
