// What a verifier reads before it believes anything: encodings, JWS, keys, status lists.
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/encoding.hpp"
#include "target.hpp"
#include "verify/jwk.hpp"
#include "verify/jws.hpp"
#include "verify/status_list.hpp"

namespace postern::fuzz {
namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

void base64url(std::string_view input) {
    const auto decoded = decode_base64url(input);
    if (decoded) hold(encode_base64url(*decoded) == input, "each value has one encoding");
    const auto back = decode_base64url(encode_base64url(bytes_of(input)));
    hold(back.has_value() && std::ranges::equal(*back, bytes_of(input)), "what was encoded can be decoded");
}

void jws(std::string_view input) {
    const auto parts = verify::split_jws(input);
    std::vector<std::uint8_t> lent(input.size());
    const auto again = verify::split_jws(input, lent);
    hold(parts.has_value() == again.has_value(), "whose memory it is makes no difference");
    if (!parts) return;
    hold(std::ranges::equal(parts->payload, again->payload), "whose memory it is makes no difference");
    const auto header = verify::read_jws_header(parts->header);
    if (!header) return;
    hold(!header->alg.empty() || header->alg.data() != nullptr, "a header has an algorithm");
    (void)verify::is_typ(header->typ, "at+jwt");
}

void jwk(std::string_view input) {
    (void)verify::parse_jwk_set(input);
}

// The first byte says how many bits, as a list would; then the claims of a list token.
void status_list(std::string_view input) {
    constexpr std::string_view issuer = "https://auth.example.com";
    const auto now = from_milliseconds(1'750'000'000'000);
    (void)verify::read_status_list(bytes_of(input), issuer, "https://auth.example.com/status-lists/1", now);
    if (input.empty()) return;
    const unsigned bits = static_cast<unsigned char>(input.front()) % 16U;
    const auto statuses = verify::Statuses::unpack(bits, input.substr(1));
    if (!statuses) return;
    hold(statuses->size() > 0, "a list that was read has a status");
    hold(statuses->at(statuses->size() - 1) < (1U << bits), "a status has no more bits than all of them");
}

}  // namespace postern::fuzz
