// The body of Lane::run, apart from lane.hpp so that the declaration can be read.
#pragma once

#include <exception>
#include <new>
#include <utility>

#include "http/await_callback.hpp"
#include "http/lane.hpp"

namespace postern::http {

template <typename Work>
boost::asio::awaitable<std::invoke_result_t<Work>> Lane::run(Work work) {
    using Outcome = std::invoke_result_t<Work>;
    auto shared_work = std::make_shared<Work>(std::move(work));
    std::function<void(std::function<void(Outcome)>)> start = [this, shared_work](std::function<void(Outcome)> done) {
        submit([this, shared_work, done = std::move(done)](bool admitted) {
            if (!admitted) return done(overloaded("The server is busy; try again in a moment"));
            auto attempt = [&]() -> Outcome {
                try {
                    return (*shared_work)();
                } catch (const std::bad_alloc&) {
                    return unavailable("No memory left");  // so short that it needs none
                } catch (const std::exception& bug) {
                    return report_exception(bug.what());
                } catch (...) {
                    return report_exception("not a std::exception");
                }
            };
            done(attempt());
        });
    };
    co_return co_await await_callback<Outcome>(std::move(start));
}

}  // namespace postern::http
