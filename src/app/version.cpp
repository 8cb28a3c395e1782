#include "app/version.hpp"

namespace postern::app {

std::string_view version() {
    return POSTERN_VERSION;
}

}  // namespace postern::app
