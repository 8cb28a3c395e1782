// Waiting for the store without holding a thread. `work` returns a Result, runs on a thread of the store, perhaps more
// than once, and may refer to locals of the waiting coroutine, which stays suspended until the store is done with it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include "core/keys.hpp"
#include "core/store.hpp"
#include "http/await_callback.hpp"

namespace postern::api {
namespace detail {

using Finish = std::function<void(Result<void>)>;

template <typename Outcome, typename Access, typename Submit, typename Work>
boost::asio::awaitable<Outcome> await_store(Submit submit, Work work) {
    std::optional<Outcome> outcome;
    std::function<void(Finish)> start = [&](Finish done) {
        submit(
            [&](Access& access) -> Result<void> {
                outcome.emplace(work(access));
                if (!outcome->has_value()) return outcome->error();
                return {};
            },
            std::move(done));
    };
    Result<void> finished = co_await http::await_callback<Result<void>>(std::move(start));
    if (!finished.has_value()) co_return std::move(finished.error());
    co_return std::move(*outcome);
}

}  // namespace detail

template <typename Work>
boost::asio::awaitable<std::invoke_result_t<Work, core::Reader&>> await_read(core::Store& store, Work work) {
    auto submit = [&store](core::Store::ReadWork job, core::Store::Done done) {
        store.read(std::move(job), std::move(done));
    };
    co_return co_await detail::await_store<std::invoke_result_t<Work, core::Reader&>, core::Reader>(std::move(submit),
                                                                                                    std::move(work));
}

// Resumes after the commit is durable and the revocations in it are known to this node.
template <typename Work>
boost::asio::awaitable<std::invoke_result_t<Work, core::Transaction&>> await_write(core::Store& store, Work work) {
    auto submit = [&store](core::Store::WriteWork job, core::Store::Done done) {
        store.write(std::move(job), std::move(done));
    };
    co_return co_await detail::await_store<std::invoke_result_t<Work, core::Transaction&>, core::Transaction>(
        std::move(submit), std::move(work));
}

// The same for a write that begins with reading what it changes: one that another was faster than (conflict "retry")
// runs again, and sees what the other made of it. Errors: overloaded, when that keeps happening.
template <typename Work>
boost::asio::awaitable<std::invoke_result_t<Work, core::Transaction&>> await_settled_write(core::Store& store,
                                                                                           Work work) {
    constexpr int tries = 4;  // each other write that gets in between is another request for the same account
    for (int attempt = 1;; ++attempt) {
        Work again = work;
        auto outcome = co_await await_write(store, std::move(again));
        if (outcome.has_value() || outcome.error().code != "retry") co_return std::move(outcome);
        if (attempt == tries) co_return overloaded(std::move(outcome.error().message));
    }
}

inline boost::asio::awaitable<void> wait_until(std::chrono::steady_clock::time_point time) {
    auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::steady_timer timer(executor);
    timer.expires_at(time);
    co_await timer.async_wait(boost::asio::use_awaitable);
}

// `source`: a core::Store, or what keeps something in memory in step with it.
template <typename Source>
boost::asio::awaitable<Result<void>> await_catch_up(Source& source) {
    std::function<void(detail::Finish)> start = [&source](detail::Finish done) { source.catch_up(std::move(done)); };
    co_return co_await http::await_callback<Result<void>>(std::move(start));
}

}  // namespace postern::api
