// One io thread: its event loop, and the connections that live on it. Inside this room only.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <string>
#include <thread>

#include "http/response_writer.hpp"
#include "http/shared.hpp"

namespace postern::http {

// With Asio's polymorphic executor, as the coroutines have: where both are the same type and value, Asio resumes the
// coroutine directly, and otherwise by way of another dispatch.
using Socket = boost::asio::ip::tcp::socket;

// What the shard asks of a connection. All of it on the shard's thread.
class Tenant : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    virtual ~Tenant() = default;
    virtual void expire() = 0;         // the deadline has passed
    virtual void leave_if_idle() = 0;  // close, unless in the middle of a request
    virtual void cut() = 0;            // close, whatever it is doing
    [[nodiscard]] TimePoint deadline() const { return deadline_; }
    [[nodiscard]] bool idle() const { return idle_; }

protected:
    TimePoint deadline_ = TimePoint::max();
    bool idle_ = false;
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
    void add(Tenant& tenant);
    void write_request_id(std::string& id);  // over what is there, so that a connection keeps the storage
    DateLine date_line;

private:
    using Tenants = boost::intrusive::list<Tenant, boost::intrusive::constant_time_size<false>>;

    void run();
    void schedule_sweep();
    void sweep();

    Shared& shared_;
    boost::asio::io_context context_{1};  // 1: one thread runs it
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    boost::asio::steady_timer sweep_timer_;
    std::chrono::milliseconds sweep_interval_;
    bool sweeping_ = false;
    Tenants tenants_;
    std::string request_id_prefix_;
    std::uint64_t request_ids_ = 0;
    std::thread thread_;
};

}  // namespace postern::http
