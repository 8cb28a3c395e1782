#include "core/throttle.hpp"

namespace postern::core {

std::vector<std::uint8_t> email_digest(std::string_view email_key) {
    const Digest whole = digest(email_key);
    return {whole.begin(), whole.end()};
}

std::optional<Timestamp> locked_until(const std::optional<LoginFailures>& failures, const ThrottlePolicy& policy,
                                      Timestamp now) {
    if (!failures.has_value() || failures->count < policy.account_failures) return std::nullopt;
    const Timestamp until = failures->last_at + policy.lock_time;
    return until > now ? std::optional(until) : std::nullopt;
}

Result<std::vector<LoginFailures>> list_locked_addresses(Reader& reader, const ThrottlePolicy& policy, Timestamp now,
                                                         std::size_t limit) {
    auto locked = TRY(reader.list_login_failures(policy.account_failures, limit));
    std::erase_if(locked, [&](const LoginFailures& failures) { return !locked_until(failures, policy, now); });
    return locked;
}

}  // namespace postern::core
