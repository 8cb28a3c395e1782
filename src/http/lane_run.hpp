// The body of Lane::run, apart from lane.hpp so that the declaration can be read.
#pragma once

#include <exception>
#include <new>
#include <utility>

#include "http/await_callback.hpp"
#include "http/lane.hpp"

namespace postern::http {

template <typename Work>
boost::asio::awaitable<std::invoke_result_t<Work>> Lane::run(Turn turn, Work work) {
    using Outcome = std::invoke_result_t<Work>;
    auto shared_work = std::make_shared<Work>(std::move(work));
    std::function<void(std::function<void(Outcome)>)> start = [this, turn,
                                                               shared_work](std::function<void(Outcome)> done) {
        submit(turn, [this, shared_work, done = std::move(done)](bool admitted) {
            if (!admitted) return done(too_busy());
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
