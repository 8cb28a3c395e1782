#include "base/sha256.hpp"

#include <gtest/gtest.h>

namespace postern {
namespace {

// FIPS 180-4's own example.
TEST(Sha256, OfAKnownText) {
    Sha256 hash;
    hash.add("a");
    hash.add("bc");
    EXPECT_EQ(hash.finish(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, SaysWhichFileCannotBeRead) {
    const auto hash = sha256_of_file("/nonexistent/file");
    ASSERT_FALSE(hash.has_value());
    EXPECT_NE(hash.error().message.find("/nonexistent/file"), std::string::npos);
}

}  // namespace
}  // namespace postern
