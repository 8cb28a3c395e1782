#include "crypto/hash_memory.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace postern::crypto {
namespace {

// Not by mmap(), which may be what leads here.
void* map(std::size_t size) {
    const long address = syscall(SYS_mmap, nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address == -1) return nullptr;
    void* memory = reinterpret_cast<void*>(address);  // NOLINT(performance-no-int-to-ptr): it is how the call says it
    // Where the kernel has no huge pages these do nothing, and it is as it was.
    static_cast<void>(madvise(memory, size, MADV_HUGEPAGE));
    static_cast<void>(madvise(memory, size, MADV_DONTDUMP));
    if (madvise(memory, size, MADV_POPULATE_WRITE) == 0 || errno == EINVAL) return memory;  // EINVAL: before Linux 5.14
    syscall(SYS_munmap, memory, size);
    errno = ENOMEM;
    return nullptr;
}

}  // namespace

void* HashMemory::lend(std::size_t size) {
    {
        const std::lock_guard lock(mutex_);
        const auto is_kept = [size](const Region& region) {
            return region.memory != nullptr && !region.lent && region.size == size;
        };
        const auto kept = std::ranges::find_if(regions_, is_kept);
        if (kept != regions_.end()) {
            kept->lent = true;
            return kept->memory;
        }
        release_kept();  // of another size: two sizes are never kept at a time
    }
    void* memory = map(size);
    if (memory == nullptr) return nullptr;
    const std::lock_guard lock(mutex_);
    const auto place = std::ranges::find(regions_, nullptr, &Region::memory);
    if (place != regions_.end()) *place = {.memory = memory, .size = size, .lent = true};
    return memory;
}

bool HashMemory::take_back(void* memory, std::size_t size) {
    const std::lock_guard lock(mutex_);
    const auto region = std::ranges::find(regions_, memory, &Region::memory);
    if (memory == nullptr || region == regions_.end() || region->size != size || !region->lent) return false;
    region->lent = false;
    return true;
}

void HashMemory::release() {
    const std::lock_guard lock(mutex_);
    release_kept();
}

void HashMemory::release_kept() {
    for (Region& region : regions_) {
        if (region.memory == nullptr || region.lent) continue;
        syscall(SYS_munmap, region.memory, region.size);
        region = {};
    }
}

std::size_t HashMemory::kept_bytes() {
    const std::lock_guard lock(mutex_);
    std::size_t bytes = 0;
    for (const Region& region : regions_) {
        if (region.memory != nullptr && !region.lent) bytes += region.size;
    }
    return bytes;
}

HashMemory& hash_memory() {
    static HashMemory memory;
    return memory;
}

}  // namespace postern::crypto
