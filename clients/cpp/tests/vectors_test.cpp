// The vectors that every verifier must agree on (clients/vectors/README.md).
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <map>
#include <sstream>

#include "checker.hpp"

namespace postern::client {
namespace {

namespace json = boost::json;

json::object read_vectors(const std::string& name) {
    std::ifstream file(std::string(POSTERN_VECTORS) + "/" + name);
    std::stringstream text;
    text << file.rdbuf();
    return json::parse(text.str()).as_object();
}

std::string text(const json::value& value) {
    return std::string(value.as_string());
}

class StillSource final : public Source {
public:
    Result<Answer> get(const std::string& url, const std::string&, std::size_t most_bytes) override {
        asked.push_back(url);
        const auto found = answers.find(url);
        if (found == answers.end()) return Answer{.status = 404};
        if (found->second.size() > most_bytes) return unavailable("too long");
        return Answer{.status = 200, .body = found->second};
    }
    std::map<std::string, std::string> answers;
    std::vector<std::string> asked;
};

TEST(Vectors, OfAccessTokens) {
    const json::object vectors = read_vectors("access_tokens.json");
    VerifierOptions options;
    options.issuer = text(vectors.at("issuer"));
    options.audience = text(vectors.at("audience"));
    StillSource source;
    source.answers[options.issuer + "/.well-known/jwks.json"] = json::serialize(vectors.at("jwks"));
    for (const json::value& list : vectors.at("status_lists").as_array()) {
        source.answers[text(list.at("uri"))] = text(list.at("jwt"));
    }
    const FakeClock clock(from_seconds(vectors.at("now").as_int64()));
    Checker checker(options, source, clock);
    ASSERT_GT(vectors.at("cases").as_array().size(), 200U);
    for (const json::value& vector : vectors.at("cases").as_array()) {
        const auto check = checker.check(text(vector.at("token")));
        EXPECT_EQ(word(check.outcome), text(vector.at("outcome"))) << text(vector.at("name")) << ": " << check.reason;
        EXPECT_EQ(check.claims.has_value(), check.outcome == Outcome::accepted);
    }
    for (const std::string& url : source.asked) {
        EXPECT_TRUE(url.starts_with(options.issuer + "/")) << "nothing is asked of strangers";
    }
}

TEST(Vectors, OfStatusLists) {
    const json::object vectors = read_vectors("status_lists.json");
    const std::string issuer = text(vectors.at("issuer"));
    const auto now = from_seconds(vectors.at("now").as_int64());
    const auto keys = verify::TrustedKeys::parse(json::serialize(vectors.at("jwks")));
    ASSERT_TRUE(keys.has_value());
    for (const json::value& vector : vectors.at("cases").as_array()) {
        const auto list = keys->read_status_list(text(vector.at("jwt")), issuer, text(vector.at("uri")), now);
        EXPECT_EQ(list.has_value() ? "accepted" : "refused", text(vector.at("outcome"))) << text(vector.at("name"));
        if (!list.has_value() || vector.at("outcome") != "accepted") continue;
        const auto slots = static_cast<std::size_t>(vector.at("slots").as_int64());
        ASSERT_EQ(list->statuses.size(), slots);
        std::vector<std::size_t> revoked;
        for (std::size_t i = 0; i < slots; ++i) {
            if (list->statuses.at(i) != 0) revoked.push_back(i);
        }
        if (vector.at("revoked") == "all") {
            EXPECT_EQ(revoked.size(), slots);
        } else {
            EXPECT_EQ(revoked, json::value_to<std::vector<std::size_t>>(vector.at("revoked")));
        }
    }
}

TEST(Vectors, OfTheDraft) {
    const json::object vectors = read_vectors("draft_status_lists.json");
    for (const json::value& vector : vectors.at("cases").as_array()) {
        const auto statuses =
            verify::Statuses::unpack(static_cast<unsigned>(vector.at("bits").as_int64()), text(vector.at("lst")));
        ASSERT_TRUE(statuses.has_value()) << text(vector.at("name"));
        ASSERT_EQ(statuses->size(), static_cast<std::size_t>(vector.at("size").as_int64()));
        const json::object& values = vector.at("values").as_object();
        std::size_t set = 0;
        for (std::size_t i = 0; i < statuses->size(); ++i) set += statuses->at(i) != 0 ? 1 : 0;
        EXPECT_EQ(set, values.size()) << text(vector.at("name"));
        for (const auto& value : values) {
            EXPECT_EQ(statuses->at(std::stoul(std::string(value.key()))), value.value().to_number<unsigned>());
        }
    }
}

}  // namespace
}  // namespace postern::client
