// What became of one attempt to hand something over.
#pragma once

#include <string>

namespace postern::delivery {

struct Outcome {
    enum class Kind {
        sent,
        retry,      // not now; nothing was lost
        refused,    // never: whoever is to take it said so, or it cannot be written
        pointless,  // it has nothing to say any more
    };
    Kind kind = Kind::sent;
    std::string error = {};  // for a person; never a secret
};

}  // namespace postern::delivery
