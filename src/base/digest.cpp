#include "base/digest.hpp"

#include <sodium.h>

#include <new>

#include "base/random.hpp"

namespace postern {

Digest digest(std::string_view text) {
    Digest result;
    crypto_generichash(result.data(), result.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                       nullptr, 0);
    return result;
}

Fingerprints::Fingerprints() {
    static_assert(crypto_shorthash_siphashx24_KEYBYTES == sizeof key_);
    static_assert(crypto_shorthash_siphashx24_BYTES == sizeof(Fingerprint));
    fill_random(key_);
}

Fingerprint Fingerprints::of(std::string_view text) const {
    Fingerprint result;
    crypto_shorthash_siphashx24(result.data(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                                key_.data());
    return result;
}

GrowingDigest::GrowingDigest() {
    static_assert(sizeof(crypto_generichash_state) <= sizeof(state_));
    crypto_generichash_init(new (state_.data()) crypto_generichash_state, nullptr, 0, sizeof(Digest));
}

void GrowingDigest::add(std::string_view piece) {
    auto* state = std::launder(reinterpret_cast<crypto_generichash_state*>(state_.data()));
    crypto_generichash_update(state, reinterpret_cast<const unsigned char*>(piece.data()), piece.size());
}

Digest GrowingDigest::finish() {
    Digest result;
    auto* state = std::launder(reinterpret_cast<crypto_generichash_state*>(state_.data()));
    crypto_generichash_final(state, result.data(), result.size());
    return result;
}

}  // namespace postern
