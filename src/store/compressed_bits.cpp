#include "store/compressed_bits.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>
#include <stdexcept>

namespace postern::store {
namespace {

constexpr std::array<std::uint8_t, 2> header{0x78, 0x9c};            // deflate, a window of 32 KiB, default level
constexpr std::array<std::uint8_t, 2> empty_last_block{0x03, 0x00};  // fixed codes, end of block at once
constexpr std::size_t full_flush_bytes = 16;                         // more than it ever takes
constexpr int raw_window_bits = -12;                                 // no header; a run needs no wider window
constexpr int memory_level = 8;                                      // zlib's default
// Revoked bits lie about at random between long runs of zeros: looking for anything but runs takes five times as long
// and finds a few matches that cost more than they save. A list of which 1 % is revoked becomes 7 % smaller this way.
constexpr int strategy = Z_RLE;

class Deflation {
public:
    Deflation() {
        if (deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, raw_window_bits, memory_level, strategy) !=
            Z_OK) {
            throw std::bad_alloc();
        }
    }
    ~Deflation() { deflateEnd(&stream_); }
    Deflation(const Deflation&) = delete;
    Deflation& operator=(const Deflation&) = delete;

    void append(std::span<std::uint8_t> bytes, std::vector<std::uint8_t>& out) {
        deflateReset(&stream_);
        const std::size_t begin = out.size();
        out.resize(begin + deflateBound(&stream_, bytes.size()) + full_flush_bytes);
        stream_.next_in = bytes.data();
        stream_.avail_in = static_cast<uInt>(bytes.size());
        stream_.next_out = out.data() + begin;
        stream_.avail_out = static_cast<uInt>(out.size() - begin);
        if (deflate(&stream_, Z_FULL_FLUSH) != Z_OK || stream_.avail_in != 0 || stream_.avail_out == 0) {
            throw std::logic_error("zlib needs more than it said");
        }
        out.resize(out.size() - stream_.avail_out);
    }

private:
    z_stream stream_{};
};

}  // namespace

std::shared_ptr<const CompressedBits::Bytes> CompressedBits::update(std::span<const std::size_t> changed,
                                                                    const ReadBlock& read) {
    auto blocks = blocks_;
    auto data = std::make_shared<Bytes>(header.begin(), header.end());
    data->reserve(data_ ? data_->size() + changed.size() * full_flush_bytes : 0);
    Deflation deflation;
    std::array<std::uint8_t, block_bytes> buffer{};
    auto next_changed = changed.begin();
    std::size_t former_begin = header.size();
    unsigned long adler = adler32(0, nullptr, 0);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        const std::size_t former_end = blocks[i].end;
        const auto size = std::min(block_bytes, bytes_ - i * block_bytes);
        const bool has_changed = next_changed != changed.end() && *next_changed == i;
        if (has_changed) ++next_changed;
        if (has_changed || !data_) {
            const auto bytes = std::span(buffer).first(size);
            read(i, bytes);
            deflation.append(bytes, *data);
            blocks[i].adler = adler32(1, bytes.data(), static_cast<uInt>(size));
        } else {
            data->insert(data->end(), data_->begin() + static_cast<std::ptrdiff_t>(former_begin),
                         data_->begin() + static_cast<std::ptrdiff_t>(former_end));
        }
        former_begin = former_end;
        blocks[i].end = data->size();
        adler = adler32_combine(adler, blocks[i].adler, static_cast<z_off_t>(size));
    }
    data->insert(data->end(), empty_last_block.begin(), empty_last_block.end());
    for (const int shift : {24, 16, 8, 0}) data->push_back(static_cast<std::uint8_t>(adler >> shift));
    data->shrink_to_fit();
    blocks_ = std::move(blocks);
    data_ = std::move(data);
    return data_;
}

}  // namespace postern::store
