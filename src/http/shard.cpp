#include "http/shard.hpp"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <iterator>

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "http/connection.hpp"

namespace postern::http {
namespace {

namespace asio = boost::asio;

// A deadline is noticed at most a quarter of the shortest time limit late; one timer serves all connections.
std::chrono::milliseconds choose_sweep_interval(const ConnectionLimits& limits) {
    using std::chrono::milliseconds;
    const milliseconds shortest = std::min({limits.header_time, limits.body_time, limits.write_time, limits.idle_time,
                                            limits.handshake_time, limits.linger_time});
    return std::clamp(shortest / 4, milliseconds(5), milliseconds(250));
}

std::string random_prefix() {
    std::array<std::uint8_t, 6> bytes{};
    fill_random(bytes);
    return encode_hex(bytes) + "-";
}

}  // namespace

Shard::Shard(Shared& shared, std::size_t index)
    : shared_(shared),
      work_(asio::make_work_guard(context_)),
      sweep_timer_(context_),
      sweep_interval_(choose_sweep_interval(shared.options.connection_limits)),
      request_id_prefix_(random_prefix()) {
    thread_ = std::thread([this, index] {
        pthread_setname_np(pthread_self(), ("io-" + std::to_string(index)).c_str());
        run();
    });
}

Shard::~Shard() {
    finish();
}

void Shard::run() {
    bool thrown = false;
    while (true) {
        try {
            if (thrown) context_.poll();  // Asio destroys what was thrown out of by way of the queue
            if (thrown && on_exception) on_exception();
            thrown = false;
            context_.run();
            return;
        } catch (const std::exception& bug) {
            log::error("io_thread_exception", {{"what", bug.what()}});
            thrown = true;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));  // for want of memory, most likely
        }
    }
}

void Shard::finish() {
    if (!thread_.joinable()) return;
    work_.reset();
    context_.stop();
    thread_.join();
}

void Shard::take(Socket socket, ConnectionCount::Slot slot) {
    asio::post(context_, [this, socket = std::move(socket), slot = std::move(slot)]() mutable {
        serve_connection(*this, shared_, std::move(socket), std::move(slot));
    });
}

Tenant::Tenant(Shard& shard) : shard_(shard) {
    shard_.add(*this);
}

Tenant::~Tenant() {
    shard_.remove(*this);
}

void Shard::add(Tenant& tenant) {
    if (!sweeping_) schedule_sweep();
    tenant.place_ = places_.size();
    places_.push_back({Tenant::TimePoint::max(), &tenant});  // last, since a tenant that was not made must not be here
}

void Shard::remove(const Tenant& tenant) {
    Place& place = places_[tenant.place_];
    place = places_.back();
    place.tenant->place_ = tenant.place_;
    places_.pop_back();
}

void Shard::schedule_sweep() {
    sweep_timer_.expires_after(sweep_interval_);
    sweep_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) sweep();
    });
    sweeping_ = true;  // unless there was no memory: then with the next connection
}

void Shard::sweep() {
    const auto now = std::chrono::steady_clock::now();
    for (const Place& place : places_) {
        if (place.deadline <= now) place.tenant->expire();
    }
    sweeping_ = false;
    if (!places_.empty()) schedule_sweep();  // with no connection, the process sleeps
}

void Shard::leave_idle_connections() {
    asio::post(context_, [this] {
        for (const Place& place : places_) place.tenant->leave_if_idle();
    });
}

void Shard::shed_idle_connections() {
    asio::post(context_, [this] {
        std::vector<Place> idle;
        std::copy_if(places_.begin(), places_.end(), std::back_inserter(idle),
                     [](const Place& place) { return place.tenant->idle(); });
        if (idle.empty()) return;
        constexpr std::size_t share = 32;  // a few at a time: enough to go on accepting, without cutting everybody off
        const auto count = static_cast<std::ptrdiff_t>((idle.size() + share - 1) / share);
        std::partial_sort(idle.begin(), idle.begin() + count, idle.end(),
                          [](const Place& a, const Place& b) { return a.deadline < b.deadline; });
        std::for_each(idle.begin(), idle.begin() + count, [](const Place& place) { place.tenant->leave_if_idle(); });
    });
}

void Shard::cut_connections() {
    asio::post(context_, [this] {
        for (const Place& place : places_) place.tenant->cut();
    });
}

void Shard::write_request_id(std::string& id) {
    id = request_id_prefix_;
    id += std::to_string(++request_ids_);
}

}  // namespace postern::http
