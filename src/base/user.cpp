#include "base/user.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>

namespace postern {

std::string user_name(unsigned user) {
    std::array<char, 1024> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found);
    return found != nullptr ? std::string(entry.pw_name) : "#" + std::to_string(user);
}

std::string current_user() {
    return user_name(geteuid());
}

}  // namespace postern
