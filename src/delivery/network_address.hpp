// Which addresses are open to the world, and which belong to this machine or a private network.
#pragma once

#include <sys/socket.h>

namespace postern::delivery {

// True for an address that belongs to somebody on the public internet: none of this machine, of a private or shared
// network (RFC 1918, RFC 4193, RFC 6598), of a link, multicast, reserved or set apart (RFC 6890). An IPv6 address that
// carries an IPv4 one (mapped, 6to4, NAT64) is as public as that. False for any other family.
bool is_public_address(const sockaddr& address);

}  // namespace postern::delivery
