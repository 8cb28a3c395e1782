#include "core/precedence.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.hpp"

namespace postern::core {
namespace {

class PrecedenceTest : public ::testing::Test {
protected:
    Precedence::Standing of(const std::string& address, const std::string& network, bool device = false,
                            std::int64_t earlier_attempts = 0) {
        Guesser guesser{.email_key = address, .network = network, .device = {}};
        if (device) guesser.device = Device{.key = digest("a cookie"), .account = {}};
        return precedence.of(guesser, earlier_attempts);
    }
    FakeClock clock;
    Precedence precedence{clock};
};

TEST_F(PrecedenceTest, WhoIsKnownGoesFirst) {
    EXPECT_FALSE(of("a@example.org", "192.0.2.1").goes_first(false));
    EXPECT_TRUE(of("a@example.org", "192.0.2.2").goes_first(true));
    EXPECT_TRUE(of("a@example.org", "192.0.2.3", true).goes_first(false)) << "with a cookie, from anywhere";
}

TEST_F(PrecedenceTest, WhoTriesMuchIsAStranger) {
    constexpr auto limit = limits::precedence_network_attempts;
    EXPECT_TRUE(of("a@example.org", "192.0.2.1", false, limit - 1).goes_first(true));
    EXPECT_FALSE(of("a@example.org", "192.0.2.1", false, limit).goes_first(true));
    EXPECT_FALSE(of("a@example.org", "192.0.2.1", true, limit).goes_first(true));
}

TEST_F(PrecedenceTest, OneAddressTakesFewOfTheFirstPlaces) {
    std::vector<Precedence::Standing> under_way;
    for (int i = 0; i < limits::precedence_address_attempts; ++i) {
        under_way.push_back(of("a@example.org", std::to_string(i)));
        EXPECT_TRUE(under_way.back().goes_first(true));
        EXPECT_TRUE(under_way.back().goes_first(true)) << "asked again, the same attempt keeps its place";
    }
    Precedence::Standing more = of("a@example.org", "192.0.2.1");
    EXPECT_FALSE(more.goes_first(true));
    EXPECT_FALSE(of("a@example.org", "192.0.2.2", true).goes_first(false)) << "a heap of cookies is no way around it";
    EXPECT_TRUE(of("b@example.org", "192.0.2.3").goes_first(true));
    under_way.pop_back();
    EXPECT_TRUE(more.goes_first(true));
}

TEST_F(PrecedenceTest, AnUnknownNetworkIsRememberedForAWhile) {
    EXPECT_FALSE(precedence.is_stranger("192.0.2.1")) << "the store must be asked first";
    EXPECT_FALSE(of("a@example.org", "192.0.2.1").goes_first(false));
    EXPECT_TRUE(precedence.is_stranger("192.0.2.1"));
    EXPECT_FALSE(precedence.is_stranger("192.0.2.2"));
    EXPECT_TRUE(of("b@example.org", "192.0.2.1", true).goes_first(false)) << "a cookie speaks for itself";
    EXPECT_TRUE(of("b@example.org", "192.0.2.1").goes_first(true)) << "the store knows it by now";
    clock.advance(2 * limits::strangers_window);
    EXPECT_FALSE(precedence.is_stranger("192.0.2.1"));
}

TEST_F(PrecedenceTest, WithACookieNobodyIsRememberedAsAStranger) {
    EXPECT_TRUE(of("a@example.org", "192.0.2.1", true).goes_first(false));
    EXPECT_FALSE(precedence.is_stranger("192.0.2.1"));
}

TEST_F(PrecedenceTest, ASuccessMakesItKnownAtOnce) {
    Precedence::Standing standing = of("a@example.org", "192.0.2.1");
    EXPECT_FALSE(standing.goes_first(false));
    standing.succeeded();
    EXPECT_FALSE(precedence.is_stranger("192.0.2.1"));
}

TEST_F(PrecedenceTest, MoreStrangersThanFitStayWithinTheMemory) {
    for (int i = 0; i < 200'000; ++i) EXPECT_FALSE(of("a@example.org", std::to_string(i)).goes_first(false));
    EXPECT_TRUE(precedence.is_stranger("199999"));
    EXPECT_FALSE(precedence.is_stranger("0")) << "forgotten for those who came later";
}

}  // namespace
}  // namespace postern::core
