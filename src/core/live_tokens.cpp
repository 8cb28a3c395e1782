#include "core/live_tokens.hpp"

namespace postern::core {

Result<void> check_live_tokens(Reader& reader, const SessionId& id, std::int64_t counter, std::int64_t most,
                               Timestamp now) {
    if (counter <= most) return {};
    const auto earlier = TRY(reader.find_slot_of_counter(id, counter - most));
    if (!earlier.has_value() || earlier->expires_at <= now) return {};
    return throttled("too_many_tokens",
                     "There are " + std::to_string(most) +
                         " access tokens here that have not expired, which is as many as there may be; use the newest "
                         "one until it expires",
                     std::chrono::ceil<Seconds>(earlier->expires_at - now));
}

}  // namespace postern::core
