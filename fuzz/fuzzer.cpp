// libFuzzer's side: feeds the target that $FUZZ_TARGET names.
#include <cstdint>

#include "target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const postern::fuzz::Target* const target = [] {
        const char* name = std::getenv("FUZZ_TARGET");
        const auto* found = postern::fuzz::find_target(name != nullptr ? name : "");
        postern::fuzz::hold(found != nullptr, "$FUZZ_TARGET names a target");
        return found;
    }();
    target->run({reinterpret_cast<const char*>(data), size});
    return 0;
}
