#include "base/zlib.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace postern {
namespace {

constexpr int window_bits = 15;
constexpr int gzip_window_bits = window_bits + 16;  // as zlib asks for gzip
constexpr int memory_level = 8;                     // zlib's default

// zlib counts in 32 bits; what is compressed here has a few hundred kilobytes.
uInt zlib_size(std::size_t size) {
    if (size > std::numeric_limits<uInt>::max()) throw std::length_error("more than zlib takes at once");
    return static_cast<uInt>(size);
}

// zlib's own type, which it does not write through.
Bytef* zlib_input(const void* bytes) {
    return static_cast<Bytef*>(const_cast<void*>(bytes));
}

template <typename Bytes>
void deflate_into(Bytes& out, const void* bytes, std::size_t size, int window) {
    z_stream stream{};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
        throw std::bad_alloc();
    }
    try {
        out.resize(deflateBound(&stream, zlib_size(size)));
        stream.next_in = zlib_input(bytes);
        stream.avail_in = zlib_size(size);
        stream.next_out = reinterpret_cast<Bytef*>(out.data());
        stream.avail_out = zlib_size(out.size());
        if (deflate(&stream, Z_FINISH) != Z_STREAM_END) throw std::logic_error("zlib needs more than it said");
        out.resize(stream.total_out);
    } catch (...) {
        deflateEnd(&stream);
        throw;
    }
    deflateEnd(&stream);
}

Error not_zlib(const std::string& why) {
    return invalid_input("invalid_zlib", "The compressed data " + why);
}

struct Inflation {
    z_stream stream{};
    Inflation() {
        if (inflateInit(&stream) != Z_OK) throw std::bad_alloc();
    }
    ~Inflation() { inflateEnd(&stream); }
    Inflation(const Inflation&) = delete;
    Inflation& operator=(const Inflation&) = delete;
};

}  // namespace

std::vector<std::uint8_t> deflate_zlib(std::span<const std::uint8_t> bytes) {
    std::vector<std::uint8_t> out;
    deflate_into(out, bytes.data(), bytes.size(), window_bits);
    return out;
}

std::string gzip(std::string_view text) {
    std::string out;
    deflate_into(out, text.data(), text.size(), gzip_window_bits);
    return out;
}

Result<std::vector<std::uint8_t>> inflate_zlib(std::span<const std::uint8_t> bytes, std::size_t most_bytes) {
    if (bytes.size() > std::numeric_limits<uInt>::max()) return not_zlib("is too large");
    constexpr std::size_t first_bytes = 4096;
    Inflation inflation;
    z_stream& stream = inflation.stream;
    stream.next_in = zlib_input(bytes.data());
    stream.avail_in = static_cast<uInt>(bytes.size());
    std::vector<std::uint8_t> out;
    for (;;) {
        // One byte more than is allowed, to tell a stream that ends there from one that goes on.
        if (out.size() == stream.total_out) out.resize(std::min(most_bytes + 1, std::max(first_bytes, 2 * out.size())));
        stream.next_out = out.data() + stream.total_out;
        stream.avail_out = zlib_size(out.size() - stream.total_out);
        const int outcome = inflate(&stream, Z_NO_FLUSH);
        if (stream.total_out > most_bytes) {
            return not_zlib("holds more than " + std::to_string(most_bytes) + " bytes");
        }
        if (outcome == Z_STREAM_END) break;
        if (outcome == Z_MEM_ERROR) throw std::bad_alloc();
        if (outcome != Z_OK) {
            return not_zlib(outcome == Z_BUF_ERROR ? "is cut off" : "is damaged, or no zlib data");
        }
    }
    if (stream.avail_in != 0) return not_zlib("is followed by something else");
    out.resize(stream.total_out);
    return out;
}

}  // namespace postern
