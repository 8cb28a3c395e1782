#include "app/configuration.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "app/configuration_keys.hpp"
#include "app/configuration_value.hpp"
#include "app/nearest.hpp"

namespace postern::app {
namespace {

using namespace std::chrono_literals;

// What a file with this text makes of the defaults.
Result<Configuration> read_toml(std::string_view text) {
    Configuration configuration;
    TRY(apply_toml(configuration, text, "postern.toml"));
    TRY(settle(configuration));
    return configuration;
}

Result<Configuration> read_environment(const Environment& environment) {
    Configuration configuration;
    TRY(apply_environment(configuration, environment));
    TRY(settle(configuration));
    return configuration;
}

std::string refusal(const Result<Configuration>& outcome) {
    return outcome ? "accepted" : outcome.error().message;
}

TEST(Duration, ReadsOneNumberAndOneUnit) {
    EXPECT_EQ(parse_duration("250ms"), 250ms);
    EXPECT_EQ(parse_duration("30s"), 30s);
    EXPECT_EQ(parse_duration("15m"), 15min);
    EXPECT_EQ(parse_duration("24h"), 24h);
    EXPECT_EQ(parse_duration("90d"), 90 * 24h);
    for (const auto* wrong : {"", "s", "15", "15 m", "-1s", "1h30m", "1.5h", "15M", "99999999999999999d"}) {
        EXPECT_EQ(parse_duration(wrong), std::nullopt) << wrong;
    }
}

TEST(Duration, WritesTheLargestUnitThatFits) {
    EXPECT_EQ(format_duration(0ms), "0s");
    EXPECT_EQ(format_duration(1500ms), "1500ms");
    EXPECT_EQ(format_duration(90min), "90m");
    EXPECT_EQ(format_duration(48h), "2d");
}

TEST(Nearest, CountsEditsAndSwaps) {
    EXPECT_EQ(edit_distance("listen", "listen"), 0U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("lisetn", "listen"), 1U);
    EXPECT_EQ(nearest_key("listne"), "listen");
    EXPECT_EQ(nearest_key("token.acess_life"), "tokens.access_life");
    EXPECT_EQ(nearest_key("hash.memory"), "hash.memory_mib");
}

TEST(Configuration, DefaultsAreAcceptedAndFollowEachOther) {
    const auto configuration = read_toml("");
    ASSERT_TRUE(configuration) << configuration.error().message;
    EXPECT_EQ(configuration->store, "sqlite:postern-data/postern.db");
    EXPECT_EQ(configuration->public_url, "http://127.0.0.1:8080");
    EXPECT_EQ(configuration->tokens_audience, std::vector<std::string>{"http://127.0.0.1:8080"});
    EXPECT_EQ(configuration->master_key_file, "postern-data/master.key");
}

TEST(Configuration, TakesEveryTypeOfValue) {
    const auto configuration = read_toml(R"(
        listen = "[::1]:9000"
        store = "postgresql://auth:hunter2@db.example.com/auth"
        [log]
        level = "debug"
        access = false
        [http]
        body_bytes = 32768
        trusted_proxies = ["10.0.0.0/8", "::1/128"]
        [tokens]
        audience = ["https://api.example.com"]
        access_life = "5m"
        [sessions]
        idle = 3600
    )");
    ASSERT_TRUE(configuration) << configuration.error().message;
    EXPECT_EQ(configuration->listen, "[::1]:9000");
    EXPECT_EQ(configuration->log_level, "debug");
    EXPECT_FALSE(configuration->log_access);
    EXPECT_EQ(configuration->http_body_bytes, 32768);
    EXPECT_EQ(configuration->http_trusted_proxies.size(), 2U);
    EXPECT_EQ(configuration->tokens_access_life, 5min);
    EXPECT_EQ(configuration->sessions_idle, 1h);
    EXPECT_EQ(configuration->origins.at("sessions.idle"), "postern.toml, line 14");
    EXPECT_EQ(describe_store(*configuration), "postgresql://db.example.com/auth");
}

TEST(Configuration, ShowsNothingOfAStoresPassword) {
    Configuration configuration;
    for (const auto& [url, shown] :
         {std::pair<std::string, std::string>{"postgres://u:s3cret@h/d?sslmode=require", "postgres://h/d"},
          {"postgres://u:s3cret?y@127.0.0.1:1/x", "postgres://…"},
          {"postgres://h/d?password=s3@cret", "postgres://…"},
          {"postgres://h/d?password=s3cret", "postgres://h/d"}}) {
        configuration.store = url;
        EXPECT_EQ(describe_store(configuration), shown);
    }
}

TEST(Configuration, NamesTheNearestKnownKey) {
    EXPECT_EQ(refusal(read_toml("listne = \"127.0.0.1:1\"")),
              "postern.toml, line 1: there is no key \"listne\"; did you mean listen?");
    EXPECT_EQ(refusal(read_toml("\n[token]\naccess_life = \"5m\"")),
              "postern.toml, line 3: there is no key \"token.access_life\"; did you mean tokens.access_life?");
    EXPECT_EQ(refusal(read_toml("http = 3")), "postern.toml, line 1: there is no key \"http\"; did you mean store?");
}

TEST(Configuration, SaysWhatAWrongValueMustBe) {
    EXPECT_EQ(refusal(read_toml("[tokens]\naccess_life = \"15 minutes\"")),
              "postern.toml, line 2: tokens.access_life is \"15 minutes\"; it must be a time such as \"15m\", from 1s "
              "to 1d");
    EXPECT_EQ(refusal(read_toml("[http]\nbody_bytes = 1")),
              "postern.toml, line 2: http.body_bytes is 1; it must be a whole number from 1024 to 16777216");
    EXPECT_EQ(refusal(read_toml("[log]\naccess = \"yes\"")),
              "postern.toml, line 2: log.access is \"yes\"; it must be true or false");
    EXPECT_EQ(refusal(read_toml("[log]\nlevel = \"loud\"")),
              "postern.toml, line 2: log.level is \"loud\"; it must be \"debug\", \"info\", \"warning\" or \"error\"");
    EXPECT_EQ(refusal(read_toml("listen = 8080")), "postern.toml, line 1: listen is 8080; it must be a text in quotes");
    EXPECT_EQ(refusal(read_toml("[tokens]\naudience = \"api\"")),
              "postern.toml, line 2: tokens.audience is \"api\"; it must be a list of texts");
    EXPECT_EQ(refusal(read_toml("[hash]\nqueue = 1.5")),
              "postern.toml, line 2: hash.queue is a fraction; it must be a whole number from 1 to 100000");
    EXPECT_EQ(refusal(read_toml("[listen]\nport = 1")),
              "postern.toml, line 1: listen is a table; it must be a text in quotes");
}

TEST(Configuration, PointsAtAMistakeOfSyntax) {
    const auto message = refusal(read_toml("listen = \n"));
    EXPECT_TRUE(message.starts_with("postern.toml, line 1, column ")) << message;
    EXPECT_NE(message.find("this is not TOML"), std::string::npos) << message;
}

TEST(Configuration, NeverQuotesAStoreThatMayHoldAPassword) {
    for (const auto& outcome :
         {read_toml("store = \"mysql://root:hunter2@db/auth\""), read_toml("store = [\"hunter2\"]")}) {
        EXPECT_FALSE(outcome);
        EXPECT_EQ(refusal(outcome).find("hunter2"), std::string::npos) << refusal(outcome);
    }
}

TEST(Configuration, RefusesWhatDoesNotGoTogether) {
    EXPECT_EQ(
        refusal(read_toml("[tokens]\naccess_life = \"10s\"")),
        "sessions.refresh_grace is 30s, longer than tokens.access_life, 10s (postern.toml, line 2); lower the one "
        "or raise the other");
    EXPECT_EQ(refusal(read_toml("[sessions]\nidle = \"8d\"")),
              "sessions.idle is 8d (postern.toml, line 2), longer than sessions.life, 7d; lower the one or raise the "
              "other");
    EXPECT_EQ(refusal(read_toml("[tls]\nkey = \"server.key\"")),
              "tls.key is set but tls.certificate is not; set both, or neither for plain HTTP");
    EXPECT_NE(refusal(read_toml("[hash]\niterations = 1")).find("weaker than OWASP's floor"), std::string::npos);
    EXPECT_EQ(refusal(read_toml("[hash]\niterations = 1\nmemory_mib = 46")), "accepted");
    EXPECT_EQ(refusal(read_toml("[hash]\niterations = 5\nmemory_mib = 7")), "accepted");
}

TEST(Configuration, LeavesRoomInATokenForWhatAccountsAdd) {
    const auto with_audience = [](std::size_t bytes) {
        return refusal(read_toml("public_url = \"https://auth.example.com\"\n[tokens]\naudience = [\"" +
                                 std::string(bytes, 'a') + "\"]"));
    };
    constexpr std::size_t most = limits::token_frame_bytes - 2 * 24 - 11 - 3;
    EXPECT_EQ(with_audience(most), "accepted");
    EXPECT_EQ(with_audience(most + 1),
              "tokens.audience (postern.toml, line 3), tokens.client_id and twice public_url take 1025 bytes of each "
              "token; together they may have 1024");
}

TEST(Configuration, ChecksAddressesAndPaths) {
    for (const auto* wrong : {"listen = \"8080\"",
                              "listen = \"127.0.0.1\"",
                              "listen = \"127.0.0.1:99999\"",
                              "listen = \"::1:80:\"",
                              "listen = \"example.com:80\"",
                              "base_path = \"auth\"",
                              "base_path = \"/auth/\"",
                              "base_path = \"/a//b\"",
                              "base_path = \"/a{b}\"",
                              "base_path = \"/admin/v1\"",
                              "base_path = \"/oauth2\"",
                              "base_path = \"/a\\u0000\"",
                              "tokens.client_id = \"\"",
                              "tokens.client_id = \"first party\"",
                              "tokens.client_id = \"018f3c1e-7a00-7c3b-9d1a-5f0e4b2c8a01\"",
                              "public_url = \"auth.example.com\"",
                              "public_url = \"https://auth.example.com/\"",
                              "public_url = \"https://\"",
                              "store = \"auth.db\"",
                              "store = \"sqlite:\"",
                              "data_dir = \"\""}) {
        EXPECT_NE(refusal(read_toml(wrong)), "accepted") << wrong;
    }
    EXPECT_EQ(refusal(read_toml("listen = \"localhost:0\"")), "accepted");
    EXPECT_EQ(refusal(read_toml("public_url = \"https://example.com/login\"")), "accepted");
}

TEST(Environment, OverridesEachType) {
    const auto configuration =
        read_environment({{"POSTERN_LISTEN", "127.0.0.1:9"},
                          {"POSTERN_TOKENS_ACCESS_LIFE", "10m"},
                          {"POSTERN_SESSIONS_IDLE", "7200"},
                          {"POSTERN_LOG_ACCESS", "false"},
                          {"POSTERN_HASH_QUEUE", "7"},
                          {"POSTERN_HTTP_CORS_ORIGINS", "https://a.example, https://b.example"}});
    ASSERT_TRUE(configuration) << configuration.error().message;
    EXPECT_EQ(configuration->listen, "127.0.0.1:9");
    EXPECT_EQ(configuration->tokens_access_life, 10min);
    EXPECT_EQ(configuration->sessions_idle, 2h);
    EXPECT_FALSE(configuration->log_access);
    EXPECT_EQ(configuration->hash_queue, 7);
    EXPECT_EQ(configuration->http_cors_origins, (std::vector<std::string>{"https://a.example", "https://b.example"}));
    EXPECT_EQ(configuration->origins.at("listen"), "POSTERN_LISTEN");
}

TEST(Environment, RefusesUnknownVariablesAndWrongValues) {
    EXPECT_EQ(refusal(read_environment({{"POSTERN_LISTN", "x"}})),
              "The environment variable POSTERN_LISTN is no setting of postern; did you mean POSTERN_LISTEN? Unset it "
              "otherwise");
    EXPECT_EQ(refusal(read_environment({{"POSTERN_HASH_QUEUE", "many"}})),
              "POSTERN_HASH_QUEUE: hash.queue is \"many\"; it must be a whole number from 1 to 100000");
}

TEST(Environment, LeavesTheMasterKeyAndTheOrchestratorAlone) {
    EXPECT_EQ(refusal(read_environment({{"POSTERN_MASTER_KEY", "secret"},
                                        {"POSTERN_SERVICE_HOST", "10.0.0.1"},
                                        {"POSTERN_PORT_8080_TCP", "tcp://10.0.0.1:8080"}})),
              "accepted");
}

TEST(LoadConfiguration, CommandLineBeatsEnvironmentBeatsFile) {
    const auto path = std::filesystem::temp_directory_path() / ("postern-configuration-" + std::to_string(getpid()));
    std::ofstream(path) << "listen = \"127.0.0.1:1\"\ndata_dir = \"file\"\nservice_name = \"file\"\n";
    const Environment environment = {
        {"POSTERN_CONFIG", path}, {"POSTERN_LISTEN", "127.0.0.1:2"}, {"POSTERN_DATA_DIR", "environment"}};
    const auto configuration = load_configuration({.data_dir = "line"}, environment);
    ASSERT_TRUE(configuration) << configuration.error().message;
    EXPECT_EQ(configuration->service_name, "file");
    EXPECT_EQ(configuration->listen, "127.0.0.1:2");
    EXPECT_EQ(configuration->data_dir, "line");
    EXPECT_EQ(configuration->file, path);
    std::filesystem::remove(path);
}

TEST(LoadConfiguration, SaysWhichFileCannotBeRead) {
    EXPECT_EQ(refusal(load_configuration({.file = "/nowhere/postern.toml"}, {})),
              "The configuration file /nowhere/postern.toml cannot be read: No such file or directory");
    EXPECT_EQ(refusal(load_configuration({.file = "/"}, {})),
              "The configuration file / cannot be read: Is a directory");
}

TEST(Keys, HaveNamesOfTheirOwnInTheEnvironment) {
    std::set<std::string> names;
    for (const Key& key : configuration_keys()) EXPECT_TRUE(names.insert(variable_name(key.name)).second) << key.name;
    for (const Variable& variable : further_variables()) EXPECT_TRUE(names.emplace(variable.name).second);
}

TEST(Keys, AcceptTheirOwnDefaults) {
    const Configuration defaults;
    for (const Key& key : configuration_keys()) {
        Configuration configuration;
        const std::string text = std::string(key.name) + " = " + format_value(defaults, key);
        EXPECT_TRUE(apply_toml(configuration, text, "defaults")) << text;
    }
}

TEST(Keys, AreWhatTheDocumentationLists) {
    std::ifstream file(std::filesystem::path(POSTERN_SOURCE_DIR) / "docs/configuration.md");
    std::ostringstream text;
    text << file.rdbuf();
    EXPECT_NE(text.str().find(reference_markdown()), std::string::npos)
        << "docs/configuration.md is not what the code says; put this in:\n"
        << reference_markdown();
}

}  // namespace
}  // namespace postern::app
