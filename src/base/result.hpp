// Result<T>: a value or an Error. TRY hands an error on; CO_TRY does so from a coroutine.
#pragma once

#include <tl/expected.hpp>
#include <utility>

#include "base/error.hpp"

namespace postern {

template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
public:
    using tl::expected<T, Error>::expected;
    Result(Error error) : tl::expected<T, Error>(tl::unexpected<Error>(std::move(error))) {}

    // The value, moved out; only when has_value().
    T take() && { return std::move(**this); }
};

template <>
class [[nodiscard]] Result<void> : public tl::expected<void, Error> {
public:
    using tl::expected<void, Error>::expected;
    Result() = default;
    Result(Error error) : tl::expected<void, Error>(tl::unexpected<Error>(std::move(error))) {}

    void take() && {}
};

}  // namespace postern

// `auto account = TRY(reader.get_account(id));` — the value, or return the error to the caller.
#define TRY(expression)                                                      \
    ({                                                                       \
        auto try_result_ = (expression);                                     \
        if (!try_result_.has_value()) return std::move(try_result_.error()); \
        std::move(try_result_).take();                                       \
    })

// The same in a coroutine that returns a Result. Never put a `co_await` inside: GCC 12 miscompiles awaits within
// statement expressions, so await into a name first and hand CO_TRY the moved name.
#define CO_TRY(expression)                                                      \
    ({                                                                          \
        auto try_result_ = (expression);                                        \
        if (!try_result_.has_value()) co_return std::move(try_result_.error()); \
        std::move(try_result_).take();                                          \
    })
