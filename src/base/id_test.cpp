#include "base/id.hpp"

#include <gtest/gtest.h>

namespace postern {
namespace {

TEST(Uuid, CarriesTimeVersionAndVariant) {
    // The time of the example in RFC 9562 appendix A.6.
    const auto text = format_uuid(make_uuid_v7(from_milliseconds(0x017F22E279B0)));
    EXPECT_EQ(text.substr(0, 15), "017f22e2-79b0-7");
    EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos);
    EXPECT_NE(text, format_uuid(make_uuid_v7(from_milliseconds(0x017F22E279B0))));
}

TEST(Uuid, ParsesOnlyItsCanonicalForm) {
    const std::string text = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
    ASSERT_TRUE(parse_uuid(text).has_value());
    EXPECT_EQ(format_uuid(*parse_uuid(text)), text);
    EXPECT_EQ(parse_uuid("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"), parse_uuid(text));
    for (const char* wrong : {"", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
                              "017f22e279b07cc398c4dc0c0c07398f", "{17f22e2-79b0-7cc3-98c4-dc0c0c07398f}",
                              "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", "017f22e2079b0-7cc3-98c4-dc0c0c07398f"}) {
        EXPECT_FALSE(parse_uuid(wrong).has_value()) << wrong;
    }
}

}  // namespace
}  // namespace postern
