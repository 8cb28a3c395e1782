// A request and its answer as they pass through a connection, without the sockets: who asks, what is answered in bytes,
// what is written down about it, and the wiping afterwards. Reused for each request. Inside this room only.
#pragma once

#include <chrono>
#include <string>

#include "http/shard.hpp"
#include "http/shared.hpp"

namespace postern::http {

class Exchange {
public:
    Exchange(Shard& shard, Shared& shared, const AddressBytes& peer, bool over_tls);

    Request request;
    std::string out;                              // bytes to send, or what is left of them
    std::chrono::steady_clock::time_point start;  // of the request
    std::chrono::steady_clock::time_point end;    // of its answer: framed, then sent
    std::size_t received_bytes = 0;

    // Sets the request's id and client address from its headers.
    void identify();
    // Turns the answer into bytes in `out`, and wipes its body.
    void frame(Response& response, bool keep_alive, bool http_1_0);
    // Counts and logs. After frame().
    void record(const Router::Match& match, int status) const;
    // The same in two parts, for an answer that goes on: counted when it begins, logged when it has ended.
    void count(const Router::Match& match, int status) const;
    void write_log(const Router::Match& match, int status) const;
    // What was sent after frame().
    void add_sent(std::size_t bytes);
    // A request may have held a password or a token, and its answer too.
    void wipe_secrets();
    // Gives memory back that only a large request or answer needed.
    void shrink();

private:
    Shard& shard_;
    Shared& shared_;
    const AddressBytes peer_;
    const std::string peer_text_;
    const bool peer_is_trusted_;
    const bool over_tls_;
    std::size_t sent_bytes_ = 0;
};

}  // namespace postern::http
