// The HTTP server: a listening socket, and io threads that share the connections.
//
// Each io thread has an event loop of its own; a connection stays on the thread that it was given to, so nothing about
// a connection needs a lock. Inline handlers run on that thread, and asynchronous ones come back to it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "http/metrics.hpp"
#include "http/router.hpp"
#include "http/server_options.hpp"

namespace postern::http {

class Server {
public:
    // Listens when it returns. The router and the metrics must outlive the server; the router must not change.
    // Errors: one sentence each: a wrong address, proxy or TLS file; a port that is taken or not allowed.
    static Result<std::unique_ptr<Server>> start(ServerOptions options, const Router& router, Metrics& metrics);
    ~Server();  // stops, unless stop() was called
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    [[nodiscard]] std::uint16_t port() const;

    // New connections get the certificate that is in the files now. On an error the old one stays in use.
    // Errors: invalid_input. Thread-safe.
    Result<void> reload_tls();

    // Accepts nothing more, closes idle connections, answers every request that has been accepted, and returns when
    // that is done or `time` has passed; then what is left is cut off. Call it once, not from an io thread.
    void stop(std::chrono::milliseconds time = limits::shutdown_time);

private:
    class Parts;
    explicit Server(std::shared_ptr<Parts> parts);
    std::shared_ptr<Parts> parts_;
};

}  // namespace postern::http
