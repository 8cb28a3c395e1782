// Bytes as zlib data (RFC 1950) that is cheap to make again after a few of them have changed.
//
// The data is a series of blocks, each deflated on its own and ended by a full flush, so that it stands on a byte
// boundary and refers to nothing before it. Only the blocks that changed are deflated again; the others are copied.
//
//   header | block | block | … | empty last block | Adler-32, combined from those of the blocks
//
// That is plain zlib data: whoever inflates it need not know.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace postern::store {

class CompressedBits {
public:
    using Bytes = std::vector<std::uint8_t>;
    // Writes the bytes of one block, all of them.
    using ReadBlock = std::function<void(std::size_t block, std::span<std::uint8_t> bytes)>;

    // Bytes in a block, but for the last: eight make a list. Smaller ones cost less to make again, and each adds some
    // forty bytes.
    static constexpr std::size_t block_bytes = std::size_t{16} * 1024;

    explicit CompressedBits(std::size_t bytes) : bytes_(bytes), blocks_((bytes + block_bytes - 1) / block_bytes) {}

    [[nodiscard]] std::size_t blocks() const { return blocks_.size(); }
    // Deflates the blocks that `changed` names, in order; the first time all of them, whatever it names. Leaves what is
    // here as it was when it throws.
    std::shared_ptr<const Bytes> update(std::span<const std::size_t> changed, const ReadBlock& read);

private:
    struct Block {
        std::size_t end = 0;  // in the data; it begins where the one before it ends
        unsigned long adler = 1;
    };
    std::size_t bytes_;
    std::vector<Block> blocks_;
    std::shared_ptr<const Bytes> data_;
};

}  // namespace postern::store
