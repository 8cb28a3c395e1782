#include "crypto/hash_memory.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace postern::crypto {
namespace {

constexpr std::size_t size = 19UL * 1024 * 1024;

// The flags of the mapping that begins at `memory`, as the kernel tells them.
std::string flags_of(const void* memory) {
    std::ostringstream begin;
    begin << std::hex << reinterpret_cast<std::uintptr_t>(memory) << '-';
    std::ifstream maps("/proc/self/smaps");
    bool found = false;
    for (std::string line; std::getline(maps, line);) {
        found = found || line.starts_with(begin.str());
        if (found && line.starts_with("VmFlags:")) return line + ' ';
    }
    return "";
}

TEST(HashMemory, IsKeptFromOneHashToTheNext) {
    HashMemory memory;
    void* first = memory.lend(size);
    ASSERT_NE(first, nullptr);
    std::memset(first, 1, size);
    EXPECT_EQ(memory.kept_bytes(), 0U);
    EXPECT_TRUE(memory.take_back(first, size));
    EXPECT_EQ(memory.kept_bytes(), size);
    EXPECT_EQ(memory.lend(size), first);
    void* second = memory.lend(size);
    EXPECT_NE(second, first) << "nobody else's while it is lent";
    EXPECT_TRUE(memory.take_back(first, size));
    EXPECT_TRUE(memory.take_back(second, size));
    EXPECT_EQ(memory.kept_bytes(), 2 * size);
    memory.release();
    EXPECT_EQ(memory.kept_bytes(), 0U);
}

TEST(HashMemory, IsLeftOutOfCoreDumps) {
    HashMemory memory;
    void* lent = memory.lend(size);
    EXPECT_NE(flags_of(lent).find(" dd "), std::string::npos) << flags_of(lent);
    memory.take_back(lent, size);
    memory.release();
    EXPECT_EQ(flags_of(lent), "") << "the kernel has it again";
}

TEST(HashMemory, ReleaseLeavesWhatIsLent) {
    HashMemory memory;
    void* lent = memory.lend(size);
    memory.release();
    std::memset(lent, 1, size);
    EXPECT_TRUE(memory.take_back(lent, size));
    memory.release();
}

TEST(HashMemory, TwoSizesAreNotKeptAtATime) {
    HashMemory memory;
    memory.take_back(memory.lend(size), size);
    void* larger = memory.lend(2 * size);
    EXPECT_EQ(memory.kept_bytes(), 0U);
    EXPECT_TRUE(memory.take_back(larger, 2 * size));
    EXPECT_EQ(memory.kept_bytes(), 2 * size);
    memory.release();
}

TEST(HashMemory, TakesBackOnlyWhatItLent) {
    HashMemory memory;
    void* lent = memory.lend(size);
    EXPECT_FALSE(memory.take_back(nullptr, size));
    EXPECT_FALSE(memory.take_back(&memory, size));
    EXPECT_FALSE(memory.take_back(lent, size - 1));
    EXPECT_TRUE(memory.take_back(lent, size));
    EXPECT_FALSE(memory.take_back(lent, size)) << "twice";
    memory.release();
}

TEST(HashMemory, NoMemoryIsSaidAndNotFound) {
    HashMemory memory;
    errno = 0;
    EXPECT_EQ(memory.lend(1UL << 60U), nullptr);
    EXPECT_EQ(errno, ENOMEM);
}

TEST(HashMemory, ManyWorkersHaveEachTheirOwn) {
    constexpr std::size_t small = HashMemory::size_least;
    HashMemory memory;
    std::set<void*> lent;
    for (int i = 0; i < 100; ++i) lent.insert(memory.lend(small));
    EXPECT_EQ(lent.size(), 100U);
    std::size_t taken = 0;
    for (void* one : lent) {
        if (memory.take_back(one, small)) {
            ++taken;
        } else {
            munmap(one, small);
        }
    }
    EXPECT_EQ(taken * small, memory.kept_bytes());
    memory.release();

    std::vector<std::thread> workers;
    for (int worker = 0; worker < 4; ++worker) {
        workers.emplace_back([&memory, worker] {
            for (int i = 0; i < 200; ++i) {
                auto* mine = static_cast<unsigned char*>(memory.lend(small));
                std::memset(mine, worker, 4096);
                std::this_thread::yield();
                for (int at = 0; at < 4096; ++at) ASSERT_EQ(mine[at], worker);
                ASSERT_TRUE(memory.take_back(mine, small));
                if (i % 50 == 0) memory.release();
            }
        });
    }
    for (auto& worker : workers) worker.join();
    memory.release();
}

}  // namespace
}  // namespace postern::crypto
