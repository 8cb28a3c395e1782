// Every choice of a simulation from one seed, the bytes of ids and salts too, so that a seed says everything.
#pragma once

#include <sodium.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace postern::simulation {

// SplitMix64.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31U);
    }
    std::size_t below(std::size_t end) { return end == 0 ? 0 : static_cast<std::size_t>(next() % end); }
    bool one_in(std::size_t times) { return below(times) == 0; }

private:
    std::uint64_t state_;
};

// While one lives, postern::fill_random() draws from it: libsodium lets its source be replaced.
class SeededRandomBytes {
public:
    explicit SeededRandomBytes(std::uint64_t seed) : dice_(seed) {
        current = &dice_;
        static randombytes_implementation source = {[] { return "simulation"; },
                                                    [] { return static_cast<std::uint32_t>(current->next()); },
                                                    nullptr,
                                                    nullptr,
                                                    fill,
                                                    nullptr};
        randombytes_set_implementation(&source);
    }
    SeededRandomBytes(const SeededRandomBytes&) = delete;
    SeededRandomBytes& operator=(const SeededRandomBytes&) = delete;
    ~SeededRandomBytes() { current = nullptr; }

private:
    static void fill(void* out, std::size_t size) {
        auto* bytes = static_cast<unsigned char*>(out);
        while (size > 0) {
            const std::uint64_t drawn = current->next();
            const std::size_t some = size < sizeof drawn ? size : sizeof drawn;
            std::memcpy(bytes, &drawn, some);
            bytes += some;
            size -= some;
        }
    }
    static inline Dice* current = nullptr;
    Dice dice_;
};

}  // namespace postern::simulation
