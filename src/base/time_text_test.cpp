#include "base/time_text.hpp"

#include <gtest/gtest.h>

namespace postern {
namespace {

TEST(TimeText, WhatIsWrittenIsReadBack) {
    for (const std::int64_t milliseconds : {0LL, 1LL, 951'782'400'000LL, 1'800'000'000'123LL, 253'402'300'799'999LL}) {
        EXPECT_EQ(parse_time(write_time(from_milliseconds(milliseconds))), from_milliseconds(milliseconds));
    }
    EXPECT_EQ(write_time(from_milliseconds(1'800'000'000'123)), "2027-01-15T08:00:00.123Z");
}

TEST(TimeText, TheWaysOfOthersAreRead) {
    const Timestamp time = from_milliseconds(1'800'000'000'123);
    for (const char* text :
         {"2027-01-15 08:00:00.123456+00", "2027-01-15T10:00:00.123+02:00", "2027-01-15 02:30:00.123-0530",
          "2027-01-15 08:00:00.123", "2027-01-15t08:00:00.123z", "1800000000123"}) {
        EXPECT_EQ(parse_time(text), time) << text;
    }
    EXPECT_EQ(parse_time("1800000000"), from_seconds(1'800'000'000));
    EXPECT_EQ(parse_time("2027-01-15 08:00"), from_seconds(1'800'000'000));
    EXPECT_EQ(parse_time("2027-01-15"), from_seconds(1'800'000'000 - 8 * 3600));
}

TEST(TimeText, AnythingElseIsNoTime) {
    for (const char* text :
         {"", "yesterday", "2027-13-01", "2027-02-30", "2027-01-15T25:00:00Z", "2027-01-15T08:00:00.Z",
          "2027-01-15T08:00:00+", "2027-01-15T08:00:00Zx", "2027-01-15x", "1969-12-31", "-5", "1e9",
          "0001-01-01T00:00:00Z", "infinity", "27-01-15", "9999999999999999"}) {
        EXPECT_EQ(parse_time(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace postern
