// Whichever allocation of a new connection fails, that connection alone may end: the server goes on accepting others,
// and comes to its end when it is told to.
#include "base/failing_new.hpp"
#include "http/testing.hpp"

namespace postern::http {
namespace {

using testing::Client;
using testing::get;
using NoMemory = testing::ServerTest;

TEST_F(NoMemory, EndsOneConnectionAtMost) {
    if (!failing_new::can_fail) GTEST_SKIP();
    failing_new::spared = true;
    start({.io_threads = 1});
    // They stay open: memory that a closed one has left behind would be taken again, without being asked for.
    std::vector<Client> clients;
    bool needed_all = true;
    for (int number = 1; needed_all; ++number) {
        failing_new::next = number;
        clients.push_back(connect());
        clients.back().ask(get("/hello"));
        needed_all = failing_new::has_failed();
        ASSERT_EQ(ask(get("/hello")).status, 200) << "after the failure of allocation " << number;
    }
    EXPECT_GT(clients.size(), 5U);
    server_.reset();
}

}  // namespace
}  // namespace postern::http
