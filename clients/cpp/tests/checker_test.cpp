// What is believed of an answer that a cache has kept, and what stays known while the issuer is away.
#include "checker.hpp"

#include <gtest/gtest.h>

#include "testing.hpp"

namespace postern::client {
namespace {

// The issuer itself, or a cache before it: the same keys and one list, as old as the test says.
class KeptSource final : public Source {
public:
    explicit KeptSource(const Issuer& issuer) : jwks(issuer.jwks()), list(issuer.list({1})) {}
    Result<Answer> get(const std::string& url, const std::string&, std::size_t) override {
        if (url.ends_with("/jwks.json")) {
            ++jwks_fetches;
            return Answer{.status = 200, .body = jwks, .cache_control = "max-age=300", .age = age};
        }
        ++list_fetches;
        if (list_status == 0) return unavailable("away");
        return Answer{.status = list_status, .body = list, .age = age};
    }
    std::string jwks;
    std::string list;
    std::chrono::seconds age{0};
    long list_status = 200;
    int jwks_fetches = 0;
    int list_fetches = 0;
};

class CheckerTest : public testing::TestWithParam<OnStale> {
protected:
    [[nodiscard]] VerifierOptions options() const {
        VerifierOptions options;
        options.issuer = issuer_.url;
        options.audience = "https://api.example";
        options.on_stale = GetParam();
        return options;
    }
    [[nodiscard]] Outcome outcome(std::uint32_t index) { return checker_.check(issuer_.token(index)).outcome; }

    Issuer issuer_{.url = "https://auth.example"};
    KeptSource source_{issuer_};
    SystemClock clock_;
    Checker checker_{options(), source_, clock_};
};

TEST_P(CheckerTest, TakesACachesAnswerForAsOldAsItIs) {
    source_.age = std::chrono::seconds(14);
    EXPECT_EQ(outcome(2), Outcome::accepted);
}

TEST_P(CheckerTest, LearnsRevocationsOnlyFromAnAnswerThatIsTooOld) {
    source_.age = std::chrono::seconds(16);
    EXPECT_EQ(outcome(1), Outcome::token_revoked);
    EXPECT_EQ(outcome(2), GetParam() == OnStale::allow ? Outcome::accepted : Outcome::unavailable);
    for (int i = 0; i < 20; ++i) static_cast<void>(outcome(2));
    EXPECT_EQ(source_.list_fetches, 1) << "a cache that has nothing newer is not asked by every token";
}

TEST_P(CheckerTest, AsksSoonAgainForKeysFromBeforeTheirChange) {
    checker_.keep_up();
    checker_.keys_changed();
    source_.age = std::chrono::seconds(60);
    checker_.keep_up();
    EXPECT_EQ(source_.jwks_fetches, 2);
    checker_.keep_up();
    EXPECT_EQ(source_.jwks_fetches, 2);
    source_.age = std::chrono::seconds(0);
    EXPECT_TRUE(becomes_true(
        [&] {
            checker_.keep_up();
            return source_.jwks_fetches == 3;
        },
        Milliseconds(6000)));
}

TEST_P(CheckerTest, TakesAListForMissingUntilTheIssuerSaysOtherwise) {
    EXPECT_EQ(outcome(2), Outcome::accepted);
    const auto list = *core::ListId::parse(list_id);
    checker_.lists().put_missing(list, std::chrono::steady_clock::now() - Seconds(60));
    source_.list_status = 0;
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(outcome(2), Outcome::token_revoked);
        checker_.keep_up();
    }
    checker_.lists().put_missing(list, std::chrono::steady_clock::now() - Seconds(60));
    source_.list_status = 200;
    EXPECT_TRUE(becomes_true([&] { return outcome(2) == Outcome::accepted; })) << "a failure counts for a second";
}

INSTANTIATE_TEST_SUITE_P(OnStale, CheckerTest, testing::Values(OnStale::refuse, OnStale::allow));

}  // namespace
}  // namespace postern::client
