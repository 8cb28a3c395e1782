#include "base/digest.hpp"

#include <sodium.h>

namespace postern {

Digest digest(std::string_view text) {
    Digest result;
    crypto_generichash(result.data(), result.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                       nullptr, 0);
    return result;
}

}  // namespace postern
