#include "crypto/argon2_hasher.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <string>

namespace postern::crypto {
namespace {

// The least that Argon2 can do: these tests are about everything but the cost.
constexpr Argon2Parameters cheap{.memory_bytes = 8 * 1024, .iterations = 1};

bool fits(const core::Hasher& hasher, std::string_view stored, std::string_view password) {
    const auto result = hasher.verify(stored, SecretString(password));
    EXPECT_TRUE(result.has_value());
    return result.has_value() && *result;
}

TEST(Argon2Hasher, RecognisesThePasswordThatItHashed) {
    const Argon2Hasher hasher(cheap);
    const auto hash = hasher.hash(SecretString("correct horse battery staple"));
    ASSERT_TRUE(hash.has_value());
    EXPECT_TRUE(fits(hasher, *hash, "correct horse battery staple"));
    EXPECT_FALSE(fits(hasher, *hash, "correct horse battery stapl"));
    EXPECT_FALSE(fits(hasher, *hash, ""));
    EXPECT_NE(*hash, *hasher.hash(SecretString("correct horse battery staple"))) << "the salt is random";
}

TEST(Argon2Hasher, UsesTheParametersOfOwaspUnlessTold) {
    const Argon2Hasher hasher(Argon2Parameters{});
    const auto hash = hasher.hash(SecretString("x"));
    ASSERT_TRUE(hash.has_value());
    EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << *hash;
    EXPECT_TRUE(hasher.dummy().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    EXPECT_EQ(hasher.dummy().size(), hash->size());
    EXPECT_TRUE(fits(hasher, *hash, "x"));
}

// CVE-2025-22228: passwords that are equal up to byte 72 are not equal.
TEST(Argon2Hasher, TruncatesNothing) {
    const Argon2Hasher hasher(cheap);
    for (const std::size_t position : {71U, 72U, 73U, 200U, 255U, 256U, 1000U}) {
        std::string password(1024, 'a');
        const auto hash = hasher.hash(SecretString(password));
        ASSERT_TRUE(hash.has_value());
        EXPECT_TRUE(fits(hasher, *hash, password));
        password[position] = 'b';
        EXPECT_FALSE(fits(hasher, *hash, password)) << "byte " << position;
        EXPECT_FALSE(fits(hasher, *hash, std::string(position, 'a')));
    }
    using namespace std::string_literals;
    const auto with_nul = hasher.hash(SecretString("abc\0def"s));
    EXPECT_FALSE(fits(hasher, *with_nul, "abc\0xyz"s)) << "a NUL ends nothing";
}

// The first two are those of the Argon2 reference implementation's own tests, version 19.
TEST(Argon2Hasher, VerifiesWhatOthersMade) {
    const Argon2Hasher hasher(cheap);
    const std::string_view id = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    const std::string_view two_lanes =
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc";
    const std::string_view i = "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8";
    for (const auto stored : {id, two_lanes, i}) {
        EXPECT_TRUE(fits(hasher, stored, "password")) << stored;
        EXPECT_FALSE(fits(hasher, stored, "Password")) << stored;
    }
}

TEST(Argon2Hasher, RefusesWhatIsNoHash) {
    const Argon2Hasher hasher(cheap);
    const std::string good = *hasher.hash(SecretString("x"));
    using namespace std::string_literals;
    for (const std::string& stored :
         {""s, "x"s, "$argon2id$"s, "$argon2id$v=19$m=8,t=1,p=1"s, "$argon2id$v=19$m=8,t=1,p=1$"s,
          "$argon2id$v=16$m=8,t=1,p=1$c29tZXNhbHQ$aaaa"s, "$argon2id$v=19$m=99999999999,t=1,p=1$c29tZXNhbHQ$aaaa"s,
          "$argon2d$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aaaa"s, "$2b$12$abcdefghijklmnopqrstuv"s,
          good.substr(0, good.size() / 2), good + "\0"s, good + "=", std::string(hasher.dummy())}) {
        EXPECT_FALSE(fits(hasher, stored, "x")) << stored;
    }
}

TEST(Argon2Hasher, KnowsWhichHashesAreTooWeak) {
    const Argon2Hasher hasher({.memory_bytes = 64 * 1024, .iterations = 2});
    EXPECT_FALSE(hasher.needs_rehash("$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHQ$aaaa"));
    EXPECT_FALSE(hasher.needs_rehash("$argon2id$v=19$m=128,t=3,p=1$c29tZXNhbHQ$aaaa")) << "stronger is well";
    EXPECT_TRUE(hasher.needs_rehash("$argon2id$v=19$m=63,t=2,p=1$c29tZXNhbHQ$aaaa"));
    EXPECT_TRUE(hasher.needs_rehash("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$aaaa"));
    EXPECT_TRUE(hasher.needs_rehash("$argon2i$v=19$m=64,t=2,p=1$c29tZXNhbHQ$aaaa"));
    EXPECT_TRUE(hasher.needs_rehash("$2b$12$abcdefghijklmnopqrstuv"));
    EXPECT_TRUE(hasher.needs_rehash(""));
    EXPECT_FALSE(hasher.needs_rehash(*hasher.hash(SecretString("x"))));
    EXPECT_FALSE(hasher.needs_rehash(hasher.dummy()));
}

// What an unknown account costs is what a known one costs.
TEST(Argon2Hasher, SpendsAsMuchOnWhatIsNoHash) {
    const Argon2Hasher hasher({.memory_bytes = 8 * 1024 * 1024, .iterations = 2});
    const std::string good = *hasher.hash(SecretString("x"));
    // The thread's own time, because a busy machine makes any other useless.
    const auto thread_seconds = [] {
        timespec time{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
    };
    const auto fastest = [&](std::string_view stored) {
        double best = 1e9;
        for (int i = 0; i < 5; ++i) {
            const double start = thread_seconds();
            fits(hasher, stored, "wrong");
            best = std::min(best, thread_seconds() - start);
        }
        return best;
    };
    const double usual = fastest(good);
    EXPECT_GT(fastest(""), usual / 2);
    EXPECT_GT(fastest("$argon2id$v=19$m=8192,t=2,p=1$!$!"), usual / 2);
    EXPECT_GT(fastest(hasher.dummy()), usual / 2);
}

#ifndef POSTERN_SANITIZER  // they reserve more than any limit allows
TEST(Argon2Hasher, SaysWhenThereIsNoMemory) {
    const Argon2Hasher hasher({.memory_bytes = 512UL * 1024 * 1024, .iterations = 1});
    const std::string stored(hasher.dummy());
    const pid_t child = fork();
    if (child == 0) {
        const rlimit limit{256UL * 1024 * 1024, 256UL * 1024 * 1024};
        setrlimit(RLIMIT_AS, &limit);
        const auto hash = hasher.hash(SecretString("x"));
        const auto verified = hasher.verify(stored, SecretString("x"));
        const bool told = !hash.has_value() && hash.error().kind == ErrorKind::unavailable && !verified.has_value() &&
                          verified.error().kind == ErrorKind::unavailable;
        _exit(told ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}
#endif

}  // namespace
}  // namespace postern::crypto
