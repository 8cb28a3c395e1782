// Memory that is wiped when it dies. Passwords, keys and tokens live in these, never in a std::string member.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

// Overwrites memory in a way that the compiler may not leave out.
void wipe(void* memory, std::size_t size) noexcept;
// Compares without telling by its time where the difference is; the lengths are not secret.
bool equal_in_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) noexcept;

template <typename T>
struct WipingAllocator {
    using value_type = T;
    WipingAllocator() = default;
    template <typename U>
    explicit(false) WipingAllocator(const WipingAllocator<U>&) noexcept {}
    T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
    void deallocate(T* memory, std::size_t count) noexcept {
        wipe(memory, count * sizeof(T));
        std::allocator<T>().deallocate(memory, count);
    }
    bool operator==(const WipingAllocator&) const noexcept { return true; }
};

using SecretBytes = std::vector<std::uint8_t, WipingAllocator<std::uint8_t>>;

// A secret text. Move-only, so that no copy is made by accident; has no stream operator and no formatter, so that
// it cannot reach a log line.
class SecretString {
public:
    SecretString() = default;
    explicit SecretString(std::string_view text) : bytes_(text.begin(), text.end()) {}
    // Takes the text over and wipes what `text` held.
    static SecretString take_from(std::string& text) {
        SecretString secret{std::string_view(text)};
        wipe(text.data(), text.size());
        text.clear();
        return secret;
    }
    SecretString(SecretString&&) noexcept = default;
    SecretString& operator=(SecretString&&) noexcept = default;
    SecretString(const SecretString&) = delete;
    SecretString& operator=(const SecretString&) = delete;
    ~SecretString() = default;

    [[nodiscard]] std::string_view reveal() const { return {bytes_.data(), bytes_.size()}; }
    [[nodiscard]] bool empty() const { return bytes_.empty(); }
    [[nodiscard]] SecretString copy() const { return SecretString{reveal()}; }

private:
    std::vector<char, WipingAllocator<char>> bytes_;  // not basic_string: its short form lives outside the allocator
};

}  // namespace postern
