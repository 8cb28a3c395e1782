#include "base/zlib.hpp"

#include <zlib.h>

#include <algorithm>
#include <memory>
#include <new>
#include <string>

namespace postern {
namespace {

constexpr std::size_t first_bytes = 4096;

Error invalid_zlib(std::string message) {
    return invalid_input("invalid_zlib", std::move(message));
}

struct EndInflate {
    void operator()(z_stream* stream) const noexcept { inflateEnd(stream); }
};

}  // namespace

Result<std::vector<std::uint8_t>> inflate_zlib(std::span<const std::uint8_t> packed, std::size_t most_bytes) {
    z_stream stream{};
    if (inflateInit(&stream) != Z_OK) throw std::bad_alloc();
    const std::unique_ptr<z_stream, EndInflate> end(&stream);
    stream.next_in = const_cast<Bytef*>(packed.data());  // zlib does not write there
    stream.avail_in = static_cast<uInt>(packed.size());
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
    uLongf size = compressBound(static_cast<uLong>(bytes.size()));
    std::vector<std::uint8_t> packed(size);
    if (compress2(packed.data(), &size, bytes.data(), static_cast<uLong>(bytes.size()), level) != Z_OK) {
        throw std::bad_alloc();
    }
    packed.resize(size);
    return packed;
}

}  // namespace postern
