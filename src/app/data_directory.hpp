// The data directory of this installation: whose it is, and which server has it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/configuration.hpp"
#include "base/result.hpp"

namespace postern::app {

// Makes it, for its owner only, when it is missing. Errors: unavailable, with the reason.
Result<void> make_data_directory(const Configuration& configuration);

// Files that another user made, root above all, the server could no longer open; so only the owner may work here. A
// directory that does not exist is nobody's. Errors: invalid_input "wrong_user".
Result<void> check_owner(const Configuration& configuration);

// The right to serve a SQLite file, held by the kernel for as long as this lives or the process does.
class ServerLock {
public:
    // Errors: conflict "already_served", with the process that holds it; unavailable.
    static Result<ServerLock> take(const Configuration& configuration);
    // The process that serves now; nothing when none does.
    static std::optional<std::string> holder(const Configuration& configuration);

    ServerLock(ServerLock&& other) noexcept;
    ServerLock& operator=(ServerLock&&) = delete;
    ~ServerLock();

private:
    explicit ServerLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

}  // namespace postern::app
