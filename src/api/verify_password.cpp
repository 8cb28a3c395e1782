#include "api/verify_password.hpp"

#include <chrono>

#include "api/await.hpp"
#include "base/ascii.hpp"
#include "core/device_cookie.hpp"
#include "http/client_address.hpp"
#include "http/lane.hpp"

namespace postern::api {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::string_view cookie_name = "postern_device";
// More of our name than one is a mistake or an attempt at something; each costs a MAC.
constexpr int cookies_tried = 4;

// RFC 6265 section 5.4: "name=value; name=value". A browser may hold one cookie for each account that it knows, but
// sends one of a name; more come from another path or host.
std::optional<core::Device> read_device(const Service& service, const http::Request& request,
                                        const std::string& email_key) {
    int tried = 0;
    for (const auto& [field, line] : request.headers) {
        if (!equal_ignoring_case(field, "Cookie")) continue;
        std::string_view rest = line;
        while (!rest.empty() && tried < cookies_tried) {
            const auto end = rest.find(';');
            const std::string_view pair = trim_spaces(rest.substr(0, end));
            rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
            const auto equals = pair.find('=');
            if (equals == std::string_view::npos || pair.substr(0, equals) != cookie_name) continue;
            ++tried;
            auto device = core::read_device_cookie(service.secrets, email_key, pair.substr(equals + 1));
            if (device.has_value()) return device;
        }
    }
    return std::nullopt;
}

struct TimedCheck {
    core::PasswordCheck check;
    SteadyTime begin;
};

Result<void> check_room_for_stranger(const Service& service, std::string_view network) {
    if (!service.precedence.is_stranger(network)) return {};
    return service.hash_lane.check_room(http::Turn::usual);
}

}  // namespace

Result<void> check_room_for_stranger(const Service& service, const http::Request& request) {
    if (request.header("Cookie").has_value()) return {};  // perhaps of a device that is known
    return check_room_for_stranger(service, http::network_of(request.client_address));
}

boost::asio::awaitable<Result<Verified>> verify_password(const Service& service, const http::Request& request,
                                                         const std::string& email_key, const SecretString& password) {
    core::Guesser guesser;
    guesser.email_key = email_key;
    guesser.network = http::network_of(request.client_address);
    guesser.device = read_device(service, request, email_key);
    core::Throttle::Ticket ticket = CO_TRY(service.throttle.reserve(guesser));

    // A cookie that is not ours spares nobody from being refused before the store is asked.
    if (!guesser.device.has_value()) CO_TRY(check_room_for_stranger(service, guesser.network));
    core::Precedence::Standing standing = service.precedence.of(guesser, ticket.earlier_attempts());
    auto turn = http::Turn::usual;
    auto find = [&](core::Reader& reader) -> Result<core::LoginAttempt> {
        if (standing.goes_first(TRY(reader.is_known_network(guesser.network)))) turn = http::Turn::first;
        TRY(service.hash_lane.check_room(turn));
        return core::begin_login(reader, service.hasher, email_key);
    };
    auto found = co_await await_read(service.store, std::move(find));
    core::LoginAttempt attempt = CO_TRY(std::move(found));
    CO_TRY(ticket.check_total(attempt));

    auto compare = [&]() -> Result<TimedCheck> {
        const SteadyTime begin = std::chrono::steady_clock::now();
        return TimedCheck{TRY(core::check_password(service.hasher, service.text, attempt, password)), begin};
    };
    auto compared = co_await service.hash_lane.run(turn, std::move(compare));
    TimedCheck timed = CO_TRY(std::move(compared));
    if (timed.check.matches) {
        standing.succeeded();
        attempt.network = guesser.network;
        attempt.had_failures = attempt.had_failures || ticket.saw_failures();
    } else {
        ticket.failed(attempt);
        const auto floor = service.timing_floor.of(timed.check);
        if (floor.count() > 0) co_await wait_until(timed.begin + floor);
    }
    Verified verified{std::move(attempt), std::move(timed.check), std::move(ticket)};
    co_return std::move(verified);
}

void set_device_cookie(const Service& service, const core::Account& account, http::Response& response) {
    const auto value = core::make_device_cookie(service.secrets, account);
    if (!value.has_value()) return;  // without a key the login is as good, and the key's trouble is told elsewhere
    std::string cookie(cookie_name);
    cookie += "=" + *value + "; Path=" + service.base_path +
              "; Max-Age=" + std::to_string(Seconds(limits::device_cookie_life).count()) +
              "; HttpOnly; SameSite=Strict";
    if (service.public_url.starts_with("https://")) cookie += "; Secure";
    response.with("Set-Cookie", std::move(cookie));
}

}  // namespace postern::api
