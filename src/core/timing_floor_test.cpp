#include "core/timing_floor.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "core/testing.hpp"

namespace postern::core {
namespace {

using namespace std::chrono_literals;

// Hashes of the scheme "slow" take as long as they say.
class UnevenHasher final : public Hasher {
public:
    Result<std::string> hash(const SecretString& password) const override { return plain_.hash(password); }
    Result<bool> verify(std::string_view stored, const SecretString& password) const override {
        ++measured;
        if (stored.starts_with("slow:")) std::this_thread::sleep_for(20ms);
        return plain_.verify(stored, password);
    }
    [[nodiscard]] bool needs_rehash(std::string_view stored) const override { return plain_.needs_rehash(stored); }
    [[nodiscard]] std::string scheme(std::string_view stored) const override { return plain_.scheme(stored); }
    Result<std::string> wrap(std::string_view stored) const override { return plain_.wrap(stored); }
    [[nodiscard]] std::string_view dummy() const override { return plain_.dummy(); }
    mutable int measured = 0;

private:
    testing::PlainHasher plain_;
};

class TimingFloorTest : public ::testing::Test {
protected:
    void import(std::string_view scheme) {
        Account account;
        account.id = AccountId::make(clock.now());
        account.email_key = account.id.text();
        account.password_scheme = scheme;
        account.password_hash = std::string(scheme) + ":secret";
        store->tables.accounts.emplace(account.id, account);
    }
    TimingFloor::Duration measure() {
        EXPECT_TRUE(floor.measure(*store, hasher).has_value());
        return floor.of({});
    }

    FakeClock clock;
    std::unique_ptr<MemoryStore> store = testing::store_with_account(clock.now());
    UnevenHasher hasher;
    TimingFloor floor;
};

TEST_F(TimingFloorTest, IsNothingWhileAllHashesAreOurOwn) {
    EXPECT_EQ(measure(), 0us);
    EXPECT_EQ(hasher.measured, 0);
}

TEST_F(TimingFloorTest, IsAboveTheDearestScheme) {
    import("slow");
    import("quick");
    EXPECT_GE(measure(), 20ms);
    EXPECT_LT(measure(), 1s);
    EXPECT_EQ(floor.of({.hashes = 2}), floor.of({}) * 2) << "a password of two forms is hashed twice";
    const int measured = hasher.measured;
    (void)measure();
    EXPECT_EQ(hasher.measured, measured) << "each scheme once";
}

TEST_F(TimingFloorTest, EndsWithTheLastHashOfAnotherScheme) {
    import("slow");
    EXPECT_GE(measure(), 20ms);
    std::erase_if(store->tables.accounts, [](const auto& entry) { return entry.second.password_scheme == "slow"; });
    EXPECT_EQ(measure(), 0us);
}

}  // namespace
}  // namespace postern::core
