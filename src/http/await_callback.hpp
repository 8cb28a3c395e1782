// From a callback to a coroutine: `co_await await_callback<Result<int>>(start)` calls `start(done)` and resumes on the
// coroutine's own executor with what was handed to `done`, whichever thread that was on.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <utility>

namespace postern::http {

// `start` must call `done` exactly once; the executor is kept alive until it has.
template <typename T>
boost::asio::awaitable<T> await_callback(std::function<void(std::function<void(T)> done)> start) {
    namespace asio = boost::asio;
    auto initiate = [start = std::move(start)](auto handler) mutable {
        auto executor = asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
        auto resume = std::make_shared<decltype(handler)>(std::move(handler));
        start([resume, executor](T value) {
            auto carried = std::make_shared<T>(std::move(value));
            asio::post(executor, [resume, carried] { std::move (*resume)(std::move(*carried)); });
        });
    };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(T)>(std::move(initiate),
                                                                                     asio::use_awaitable);
}

}  // namespace postern::http
