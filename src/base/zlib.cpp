#include "base/zlib.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>

namespace postern {
namespace {

constexpr std::size_t first_bytes = 4096;
constexpr int window_bits = 15;
constexpr int gzip_window_bits = window_bits + 16;  // as zlib asks for gzip
constexpr int memory_level = 8;                     // zlib's default

// zlib counts in 32 bits, and what is packed here has a few hundred kilobytes.
uInt zlib_size(std::size_t size) {
    if (size > std::numeric_limits<uInt>::max()) throw std::length_error("more than zlib takes at once");
    return static_cast<uInt>(size);
}

Error invalid_zlib(std::string message) {
    return invalid_input("invalid_zlib", std::move(message));
}

struct EndInflate {
    void operator()(z_stream* stream) const noexcept { inflateEnd(stream); }
};
struct EndDeflate {
    void operator()(z_stream* stream) const noexcept { deflateEnd(stream); }
};

template <typename Bytes>
void deflate_into(Bytes& packed, const void* bytes, std::size_t size, int level, int window) {
    z_stream stream{};
    if (deflateInit2(&stream, level, Z_DEFLATED, window, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
        throw std::bad_alloc();
    }
    const std::unique_ptr<z_stream, EndDeflate> end(&stream);
    packed.resize(deflateBound(&stream, size));
    stream.next_in = static_cast<Bytef*>(const_cast<void*>(bytes));  // zlib does not write there
    stream.avail_in = zlib_size(size);
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = zlib_size(packed.size());
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END) throw std::logic_error("zlib needs more than it said");
    packed.resize(stream.total_out);
}

}  // namespace

Result<std::vector<std::uint8_t>> inflate_zlib(std::span<const std::uint8_t> packed, std::size_t most_bytes) {
    z_stream stream{};
    if (inflateInit(&stream) != Z_OK) throw std::bad_alloc();
    const std::unique_ptr<z_stream, EndInflate> end(&stream);
    stream.next_in = const_cast<Bytef*>(packed.data());  // zlib does not write there
    stream.avail_in = zlib_size(packed.size());
    std::vector<std::uint8_t> bytes;
    int state = Z_OK;
    while (state == Z_OK) {
        const std::size_t had = bytes.size();
        // One byte more than is allowed, so that what is too long shows itself.
        bytes.resize(std::min(most_bytes + 1, std::max(first_bytes, had * 2)));
        stream.next_out = bytes.data() + had;
        stream.avail_out = static_cast<uInt>(bytes.size() - had);
        state = inflate(&stream, Z_NO_FLUSH);
        bytes.resize(bytes.size() - stream.avail_out);
        if (bytes.size() > most_bytes) {
            return invalid_zlib("The zlib data comes to more than " + std::to_string(most_bytes) + " bytes");
        }
    }
    if (state == Z_MEM_ERROR) throw std::bad_alloc();
    if (state != Z_STREAM_END) return invalid_zlib("The zlib data is damaged or cut short");
    if (stream.avail_in != 0) return invalid_zlib("There is more after the zlib data");
    return bytes;
}

std::vector<std::uint8_t> deflate_zlib(std::span<const std::uint8_t> bytes, int level) {
    std::vector<std::uint8_t> packed;
    deflate_into(packed, bytes.data(), bytes.size(), level, window_bits);
    return packed;
}

std::string gzip(std::string_view text) {
    std::string packed;
    deflate_into(packed, text.data(), text.size(), Z_DEFAULT_COMPRESSION, gzip_window_bits);
    return packed;
}

}  // namespace postern
