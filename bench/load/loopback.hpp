// What the load generators share: connections to a server of this machine, and its answers.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace bench {

[[noreturn]] inline void fail(const std::string& what) {
    std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, what.c_str());
    std::exit(1);
}

inline int connect_to(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        fail(std::string("cannot connect: ") + std::strerror(errno));
    }
    const int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return fd;
}

// Whether the body has come as well, which has the length that the header says, or none.
inline bool is_complete(std::string_view answer) {
    constexpr std::string_view length_field = "Content-Length: ";
    const auto header_end = answer.find("\r\n\r\n");
    if (header_end == std::string_view::npos) return false;
    const auto at = answer.find(length_field);
    std::size_t length = 0;
    if (at < header_end) length = std::strtoul(answer.data() + at + length_field.size(), nullptr, 10);
    return answer.size() >= header_end + 4 + length;
}

}  // namespace bench
