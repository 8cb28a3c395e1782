// One io thread: its event loop, and the connections that live on it. Inside this room only.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "http/response_writer.hpp"
#include "http/shared.hpp"

namespace postern::http {

// With Asio's polymorphic executor, as the coroutines have: where both are the same type and value, Asio resumes the
// coroutine directly, and otherwise by way of another dispatch.
using Socket = boost::asio::ip::tcp::socket;

class Shard;

// What the shard asks of a connection. All of it on the shard's thread; none of it ends the connection at once.
class Tenant {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    explicit Tenant(Shard& shard);
    virtual ~Tenant();
    Tenant(const Tenant&) = delete;
    Tenant& operator=(const Tenant&) = delete;

    virtual void expire() = 0;         // the deadline has passed
    virtual void leave_if_idle() = 0;  // close, unless in the middle of a request
    virtual void cut() = 0;            // close, whatever it is doing
    [[nodiscard]] TimePoint deadline() const;
    [[nodiscard]] bool idle() const { return idle_; }

protected:
    void set_deadline(TimePoint deadline);
    bool idle_ = false;

private:
    friend Shard;
    Shard& shard_;
    std::size_t place_ = 0;  // among the shard's
};

class Shard {
public:
    Shard(Shared& shared, std::size_t index);
    ~Shard();
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    // From any thread.
    boost::asio::io_context& context() { return context_; }
    void take(Socket socket, ConnectionCount::Slot slot);
    void leave_idle_connections();  // at shutdown: all of them
    void shed_idle_connections();   // when the count is full: those that have idled longest
    void cut_connections();
    void finish();  // ends the thread; afterwards the shard only waits to be destroyed

    // On the shard's thread.
    void write_request_id(std::string& id);  // over what is there, so that a connection keeps the storage
    DateLine date_line;
    std::function<void()> on_exception;  // something has thrown out of the event loop; called again if it throws itself

private:
    friend Tenant;
    // The deadlines lie side by side: to look for them in thousands of connections takes a millisecond, and whoever
    // asks for something meanwhile waits for it.
    struct Place {
        Tenant::TimePoint deadline;
        Tenant* tenant;
    };

    void add(Tenant& tenant);
    void remove(const Tenant& tenant);
    void run();
    void schedule_sweep();
    void sweep();

    Shared& shared_;
    std::vector<Place> places_;           // before the context, with which the last connections go
    boost::asio::io_context context_{1};  // 1: one thread runs it
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    boost::asio::steady_timer sweep_timer_;
    std::chrono::milliseconds sweep_interval_;
    bool sweeping_ = false;
    std::string request_id_prefix_;
    std::uint64_t request_ids_ = 0;
    std::thread thread_;
};

inline Tenant::TimePoint Tenant::deadline() const {
    return shard_.places_[place_].deadline;
}

inline void Tenant::set_deadline(TimePoint deadline) {
    shard_.places_[place_].deadline = deadline;
}

}  // namespace postern::http
