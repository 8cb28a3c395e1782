// One connection, as a coroutine: read a request, answer it, again. Inside this room only.
//
//              +----------------------- keep alive ----------------------+
//              v                                                         |
//   (handshake) -> idle -> header -> (body) -> handling -> writing ------+--> lingering -> closed
//
// Each phase but `handling` has a deadline (lanes and the store bound that one). A deadline that passes while a request
// is being read is answered with 408; while idle it closes in silence; elsewhere it cuts.
#pragma once

#include "http/shard.hpp"
#include "http/shared.hpp"

namespace postern::http {

// On the shard's thread. Serves `socket` until it closes.
void serve_connection(Shard& shard, Shared& shared, Socket socket, ConnectionCount::Slot slot);

}  // namespace postern::http
