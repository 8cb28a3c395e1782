// The body of Lane::run, apart from lane.hpp so that the declaration can be read.
#pragma once

#include <exception>
#include <utility>

#include "http/await_callback.hpp"
#include "http/lane.hpp"

namespace postern::http {

template <typename Work>
boost::asio::awaitable<std::invoke_result_t<Work>> Lane::run(Work work) {
    using Outcome = std::invoke_result_t<Work>;
    auto shared_work = std::make_shared<Work>(std::move(work));
    std::function<void(std::function<void(Outcome)>)> start = [this, shared_work](std::function<void(Outcome)> done) {
        submit([shared_work, done = std::move(done)](bool admitted) {
            if (!admitted) return done(overloaded("The server is busy; try again in a moment"));
            try {
                done((*shared_work)());
            } catch (const std::exception& bug) {
                done(internal_error(bug.what()));
            }
        });
    };
    co_return co_await await_callback<Outcome>(std::move(start));
}

}  // namespace postern::http
