#include "verify/status_list.hpp"

#include <boost/json/object.hpp>
#include <string>

#include "base/encoding.hpp"
#include "base/limits.hpp"
#include "base/zlib.hpp"
#include "verify/claims.hpp"

namespace postern::verify {
namespace {

namespace json = boost::json;

Error invalid_list(std::string_view what) {
    return unauthenticated("invalid_status_list", "The status list " + std::string(what));
}

Result<void> check_times(const StatusList& list, Timestamp now) {
    if (now >= list.expires_at) return invalid_list("has expired");
    if (list.issued_at > now + limits::clock_leeway) return invalid_list("was issued in the future");
    return {};
}

Result<void> check_names(const json::object& claims, std::string_view issuer, std::string_view uri) {
    if (TRY(get_text(claims, "sub")) != uri) return invalid_list("is another one than was asked for");
    if (claims.contains("iss") && TRY(get_text(claims, "iss")) != issuer) return invalid_list("is of another issuer");
    return {};
}

Result<Statuses> get_statuses(const json::object& claims) {
    const json::object* list = TRY(get_claim(claims, "status_list"))->if_object();
    if (list == nullptr) return invalid_claim("status_list", "is no object");
    if (TRY(get_whole(*list, "bits", 8)) != 1) return invalid_list("has more than one bit for each token");
    return Statuses::unpack(1, TRY(get_text(*list, "lst")));
}

}  // namespace

Result<Statuses> Statuses::unpack(unsigned bits, std::string_view packed) {
    if (bits != 1 && bits != 2 && bits != 4 && bits != 8) return invalid_list("has statuses of an unknown size");
    const auto compressed = decode_base64url(packed);
    if (!compressed) return invalid_list("is not base64url without padding");
    auto bytes = inflate_zlib(*compressed, limits::status_list_bytes);
    if (!bytes.has_value()) return invalid_list("cannot be unpacked: " + bytes.error().message);
    if (bytes->empty()) return invalid_list("is empty");
    return Statuses(bits, std::move(*bytes));
}

unsigned Statuses::at(std::size_t index) const {
    const std::size_t bit = index * bits_;
    return (static_cast<unsigned>(bytes_.at(bit / 8)) >> (bit % 8)) & ((1U << bits_) - 1U);
}

Result<StatusList> read_status_list(std::span<const std::uint8_t> payload, std::string_view issuer,
                                    std::string_view uri, Timestamp now) {
    const json::value parsed = TRY(parse_claims(payload));
    const json::object& claims = parsed.get_object();
    TRY(check_names(claims, issuer, uri));
    const Timestamp issued_at = TRY(get_time(claims, "iat"));
    const Timestamp expires_at = TRY(get_time(claims, "exp"));
    constexpr std::int64_t longest = 366LL * 24 * 3600;
    const Seconds time_to_live(claims.contains("ttl") ? TRY(get_whole(claims, "ttl", longest)) : 0);
    StatusList list{TRY(get_statuses(claims)), issued_at, expires_at, time_to_live};
    TRY(check_times(list, now));
    return list;
}

}  // namespace postern::verify
