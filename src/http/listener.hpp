// The listening socket: accepts connections and deals them out to the shards. Inside this room only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <future>
#include <memory>
#include <vector>

#include "base/result.hpp"
#include "http/shard.hpp"

namespace postern::http {

// Runs on the first shard's thread.
class Listener {
public:
    // Errors: invalid_input (the address), conflict (the port is taken), forbidden (a privileged port).
    static Result<std::unique_ptr<Listener>> open(Shared& shared, std::vector<std::unique_ptr<Shard>>& shards);

    [[nodiscard]] std::uint16_t port() const;
    void start();
    // Returns when everything that was waiting in the kernel's queue has been handed out and the socket is closed.
    // From another thread than the shards'.
    void stop();

private:
    Listener(Shared& shared, std::vector<std::unique_ptr<Shard>>& shards);
    Result<void> listen(const boost::asio::ip::tcp::endpoint& endpoint);
    void spawn_accepting();
    boost::asio::awaitable<void> accept_until_stopped();
    boost::asio::awaitable<void> wait_for_slot();
    void accept_what_waits();
    Shard& next_shard();

    Shared& shared_;
    std::vector<std::unique_ptr<Shard>>& shards_;
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::steady_timer pause_;
    std::size_t turn_ = 0;
    // On the first shard's thread.
    bool closing_ = false;
    bool accepting_ = false;  // accept_until_stopped() is there
    std::promise<void> closed_;
};

}  // namespace postern::http
