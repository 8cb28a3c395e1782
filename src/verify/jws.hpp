// The form of a JWS in compact serialisation (RFC 7515 section 3.1), read strictly: what is not exactly right is
// refused. Whether its signature is true is for signature.hpp.
//
// Errors are unauthenticated "invalid_token"; a message may quote a header parameter, never a payload or a signature.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace postern::verify {

struct JwsParts {
    std::string_view signing_input;  // into the token
    // Into `memory`, or into what the caller lent.
    std::span<const std::uint8_t> header;
    std::span<const std::uint8_t> payload;
    std::span<const std::uint8_t> signature;
    std::vector<std::uint8_t> memory;

    JwsParts() = default;
    JwsParts(JwsParts&&) = default;
    JwsParts& operator=(JwsParts&&) = default;
    ~JwsParts() = default;
};

// Three parts, each in base64url without padding, white space or stray bits; the first and the last are not empty.
Result<JwsParts> split_jws(std::string_view token);
// The same into memory that the caller lends: as many bytes as the token has are more than enough.
Result<JwsParts> split_jws(std::string_view token, std::span<std::uint8_t> lent);

struct JwsHeader {
    boost::json::value parsed;  // what the texts below point into
    std::string_view alg;
    std::optional<std::string_view> kid;
    std::optional<std::string_view> typ;

    JwsHeader() = default;
    explicit JwsHeader(boost::json::value object) : parsed(std::move(object)) {}
    JwsHeader(JwsHeader&&) = default;
    JwsHeader& operator=(JwsHeader&& other) noexcept;
    ~JwsHeader() = default;
};

// A JSON object without duplicate members, with an `alg`. `crit` is refused whatever it names, because we understand no
// extension (RFC 7515 section 4.1.11), and so is a `b64` other than true (RFC 7797). `jwk`, `jku`, `x5c`, `x5u` are
// never looked at: a token does not choose its key (RFC 8725 section 3.10). In memory of `storage`, which must outlive
// it.
Result<JwsHeader> read_jws_header(std::span<const std::uint8_t> header, const boost::json::storage_ptr& storage = {});

// Media types are compared without case, and "application/" may be left out (RFC 7515 section 4.1.9).
bool is_typ(std::optional<std::string_view> typ, std::string_view expected);
// `typ` in the form that is_typ() compares: lower case, without "application/".
std::string normalise_typ(std::string_view typ);

}  // namespace postern::verify
