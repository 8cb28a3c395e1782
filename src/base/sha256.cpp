#include "base/sha256.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <vector>

#include "base/encoding.hpp"

namespace postern {
namespace {

constexpr std::size_t piece_bytes = 256UL * 1024;

Error cannot_read(const std::string& path) {
    return unavailable("The file " + path + " cannot be read: " + std::strerror(errno));
}

}  // namespace

Sha256::Sha256() {
    static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(state_));
    crypto_hash_sha256_init(new (state_.data()) crypto_hash_sha256_state);
}

void Sha256::add(std::string_view piece) {
    auto* state = std::launder(reinterpret_cast<crypto_hash_sha256_state*>(state_.data()));
    crypto_hash_sha256_update(state, reinterpret_cast<const unsigned char*>(piece.data()), piece.size());
}

std::string Sha256::finish() {
    std::array<std::uint8_t, crypto_hash_sha256_BYTES> bytes{};
    auto* state = std::launder(reinterpret_cast<crypto_hash_sha256_state*>(state_.data()));
    crypto_hash_sha256_final(state, bytes.data());
    return encode_hex(bytes);
}

Result<std::string> sha256_of_file(const std::string& path) {
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) return cannot_read(path);
    Sha256 hash;
    std::vector<char> piece(piece_bytes);
    ssize_t count = 0;
    while ((count = read(descriptor, piece.data(), piece.size())) > 0) {
        hash.add({piece.data(), static_cast<std::size_t>(count)});
    }
    const int failure = count < 0 ? errno : 0;
    close(descriptor);
    errno = failure;
    if (failure != 0) return cannot_read(path);
    return hash.finish();
}

}  // namespace postern
