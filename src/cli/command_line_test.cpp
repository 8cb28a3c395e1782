#include "cli/command_line.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <sstream>

#include "core/accounts.hpp"
#include "core/memory_store.hpp"
#include "core/testing.hpp"

namespace postern::cli {
namespace {

constexpr std::string_view good_password = "a quiet harbour at dusk";

class PlainText final : public core::Text {
public:
    Result<core::EmailAddress> parse_email(std::string_view text) const override {
        if (text.find('@') == std::string_view::npos) return invalid_input("invalid_email", "The address has no @");
        return core::EmailAddress{std::string(text), std::string(text)};
    }
    Result<SecretString> prepare_password(const SecretString& password) const override { return password.copy(); }
    [[nodiscard]] std::size_t count_characters(std::string_view text) const override { return text.size(); }
};

// Accepts the token "good" and nothing else.
class WordInspector final : public core::TokenInspector {
public:
    Result<core::Inspection> inspect(std::string_view token, std::string_view jwks, core::InspectionDepth,
                                     Timestamp) const override {
        if (jwks == "broken") return invalid_input("invalid_jwks", "That is no JWKS");
        const bool good = token == "good";
        return core::Inspection{good, R"({"alg":"ES256"})", "{}", {{"signature", good, good ? "true" : "false"}}};
    }
};

// Takes what PlainHasher reads.
class PlainImporter final : public core::HashImporter {
public:
    Result<std::string> import_hash(std::string_view text) const override {
        if (text.starts_with("new:") || text.starts_with("old:")) return std::string(text);
        return invalid_input("unknown_hash_scheme", "The hash is of no scheme that is known here");
    }
    Result<std::string> import_pbkdf2(const core::Pbkdf2Parts&) const override { return std::string("old:pbkdf2"); }
    Result<std::string> import_argon2(const core::Argon2Parts&) const override { return std::string("old:argon2"); }
};

class FakeWorkplace final : public Workplace {
public:
    explicit FakeWorkplace(core::MemoryStore& store) : store_(store) {}

    void make_what_is_missing() override {}
    Result<core::Store*> store() override { return &store_; }
    Result<const core::KeyVault*> vault() override { return not_found("master_key_missing", "There is no key file"); }
    Result<const core::Signer*> signer() override { return &signer_; }
    Result<const core::SecretDeriver*> secrets() override { return &secrets_; }
    Result<const core::AuditSigner*> audit_signer() override { return &audit_signer_; }
    Result<const core::Hasher*> hasher() override { return &hasher_; }
    [[nodiscard]] const core::TokenPolicy& token_policy() const override { return policy_; }
    [[nodiscard]] const core::ThrottlePolicy& throttle_policy() const override { return throttle_policy_; }
    [[nodiscard]] core::KeyAlgorithm access_algorithm() const override { return core::KeyAlgorithm::es256; }
    [[nodiscard]] const core::RotationPolicy& rotation_policy() const override { return rotation_policy_; }
    [[nodiscard]] const core::AccountPolicy& account_policy() const override { return account_policy_; }
    [[nodiscard]] Milliseconds audit_retention() const override { return limits::audit_retention; }
    [[nodiscard]] std::string master_key_place() const override { return "master.key"; }

private:
    core::MemoryStore& store_;
    core::testing::TableSigner signer_;
    core::testing::PlainHasher hasher_;
    core::testing::PlainSecrets secrets_;
    core::testing::PlainAuditSigner audit_signer_;
    core::TokenPolicy policy_ = core::testing::policy();
    const core::ThrottlePolicy throttle_policy_;
    const core::RotationPolicy rotation_policy_;
    core::AccountPolicy account_policy_ = core::testing::account_policy();
};

class CommandLine : public testing::Test {
protected:
    int run(std::vector<const char*> words) {
        words.insert(words.begin(), "postern");
        out_.str("");
        error_.str("");
        const Console console{.out = out_,
                              .error = error_,
                              .interactive = !typed_.empty(),
                              .read_input = [this](std::size_t) { return Result<SecretString>(SecretString(input_)); },
                              .ask_secret = [this](std::string_view) -> Result<SecretString> {
                                  const SecretString line(typed_.front());
                                  typed_.erase(typed_.begin());
                                  return line.copy();
                              }};
        return run_command_line(static_cast<int>(words.size()), words.data(), tools_, console);
    }
    boost::json::value json() { return boost::json::parse(out_.str()); }
    std::string error_code() { return std::string(boost::json::parse(error_.str()).at("code").as_string()); }
    std::optional<core::Account> find(const std::string& email) {
        auto found =
            core::read_and_wait(store_, [&](core::Reader& reader) { return reader.find_account_by_email(email); });
        return found ? *found : std::nullopt;
    }
    void create(const char* email) {
        input_ = good_password;
        ASSERT_EQ(run({"account", "create", email, "--activated", "--password-stdin"}), status_done) << error_.str();
    }

    FakeClock clock_;
    PlainText text_;
    WordInspector inspector_;
    PlainImporter hash_importer_;
    core::MemoryStore store_{clock_.now()};
    std::string input_;
    std::vector<std::string> typed_;
    std::ostringstream out_;
    std::ostringstream error_;
    Location asked_for_;
    Tools tools_{.clock = clock_,
                 .text = text_,
                 .inspector = inspector_,
                 .hash_importer = hash_importer_,
                 .user = "ada",
                 .version = "1.2.3",
                 .configuration_reference = "| key |\n",
                 .open_workplace = [this](const Location& location) -> Result<std::unique_ptr<Workplace>> {
                     asked_for_ = location;
                     return std::make_unique<FakeWorkplace>(store_);
                 },
                 .serve = [this](const Location& location) -> Result<void> {
                     asked_for_ = location;
                     return conflict("port_in_use", "127.0.0.1:80 is in use");
                 },
                 .list_settings = [](const Location&) -> Result<std::vector<Setting>> {
                     return std::vector<Setting>{{"listen", "\"[::1]:1\"", "--listen"}};
                 },
                 .diagnose = [](const Location&) -> std::vector<core::Finding> {
                     return {{core::Severity::ok, "disk", "plenty", ""},
                             {core::Severity::problem, "clock", "slow", "wind it up"}};
                 }};
};

TEST_F(CommandLine, WrongWordsExitWith2AndPointAtTheHelp) {
    EXPECT_EQ(run({"account", "show"}), status_wrongly_asked);
    EXPECT_EQ(error_.str(), "postern: EMAIL is required; see: postern account show --help\n");
    EXPECT_EQ(run({"account", "list", "--jsno"}), status_wrongly_asked);
    EXPECT_EQ(run({"acount"}), status_wrongly_asked);
    EXPECT_EQ(run({}), status_wrongly_asked);
    EXPECT_EQ(run({"account", "show", "--json"}), status_wrongly_asked);
    EXPECT_EQ(error_code(), "usage");
    EXPECT_EQ(out_.str(), "");
}

TEST_F(CommandLine, EveryCommandHasHelpWithAnExample) {
    const std::vector<std::vector<const char*>> commands = {{"serve"},
                                                            {"account", "create"},
                                                            {"account", "activate"},
                                                            {"account", "disable"},
                                                            {"account", "enable"},
                                                            {"account", "verify"},
                                                            {"account", "delete"},
                                                            {"account", "password"},
                                                            {"account", "show"},
                                                            {"account", "list"},
                                                            {"session", "list"},
                                                            {"session", "end"},
                                                            {"key", "init"},
                                                            {"key", "list"},
                                                            {"key", "rewrap"},
                                                            {"token", "inspect"},
                                                            {"doctor"},
                                                            {"config"},
                                                            {"version"}};
    for (auto command : commands) {
        command.push_back("--help");
        EXPECT_EQ(run(command), status_done) << command.front();
        EXPECT_NE(out_.str().find("Example:"), std::string::npos) << out_.str();
        EXPECT_NE(out_.str().find("--json"), std::string::npos) << out_.str();
    }
}

TEST_F(CommandLine, CreateReadsThePasswordFromInputAndDropsOneLineEnd) {
    input_ = std::string(good_password) + "\n";
    EXPECT_EQ(run({"account", "create", "ada@example.org", "--admin", "--password-stdin", "--json"}), status_done);
    const auto account = find("ada@example.org");
    ASSERT_TRUE(account);
    EXPECT_EQ(account->password_hash, "new:" + std::string(good_password));
    EXPECT_TRUE(account->admin);
    EXPECT_FALSE(account->activated_at);
    EXPECT_EQ(json().at("state").as_string(), "not activated");
    EXPECT_EQ(json().as_object().contains("password_hash"), false);
}

TEST_F(CommandLine, CreateAsksTwiceAtATerminal) {
    typed_ = {std::string(good_password), "something else entirely"};
    EXPECT_EQ(run({"account", "create", "ada@example.org", "--json"}), status_refused);
    EXPECT_EQ(error_code(), "passwords_differ");
    EXPECT_FALSE(find("ada@example.org"));
    typed_ = {std::string(good_password), std::string(good_password)};
    EXPECT_EQ(run({"account", "create", "ada@example.org"}), status_done);
    EXPECT_NE(out_.str().find("postern account activate ada@example.org"), std::string::npos);
}

TEST_F(CommandLine, CreateWithoutATerminalSaysHowToGiveThePassword) {
    EXPECT_EQ(run({"account", "create", "ada@example.org"}), status_wrongly_asked);
    EXPECT_NE(error_.str().find("--password-stdin"), std::string::npos);
}

TEST_F(CommandLine, PasswordPolicyApplies) {
    input_ = "short";
    EXPECT_EQ(run({"account", "create", "ada@example.org", "--password-stdin", "--json"}), status_refused);
    EXPECT_EQ(error_code(), "password_too_short");
    EXPECT_FALSE(find("ada@example.org"));
}

TEST_F(CommandLine, ChangesActAsTheUserAtTheCommandLine) {
    create("ada@example.org");
    EXPECT_EQ(run({"account", "disable", "ada@example.org", "--json"}), status_done);
    EXPECT_EQ(json().at("state").as_string(), "disabled");
    const auto records =
        core::read_and_wait(store_, [](core::Reader& reader) { return reader.list_audit(std::nullopt, 10); });
    ASSERT_TRUE(records && !records->empty());
    EXPECT_EQ(records->back().event, "account.disabled");
    EXPECT_EQ(records->back().actor, "cli:ada");
    EXPECT_EQ(run({"account", "enable", "ada@example.org"}), status_done);
    EXPECT_EQ(run({"account", "password", "ada@example.org", "--password-stdin"}), status_done);
    EXPECT_EQ(run({"account", "delete", "ada@example.org", "--json"}), status_done);
    EXPECT_EQ(json().at("deleted").as_string(), "ada@example.org");
    EXPECT_EQ(run({"account", "show", "ada@example.org", "--json"}), status_refused);
    EXPECT_EQ(error_code(), "account_unknown");
}

TEST_F(CommandLine, ListsAreArrays) {
    EXPECT_EQ(run({"account", "list", "--json"}), status_done);
    EXPECT_TRUE(json().as_array().empty());
    create("ada@example.org");
    create("grace@example.org");
    EXPECT_EQ(run({"account", "list", "--json"}), status_done);
    EXPECT_EQ(json().as_array().size(), 2U);
    EXPECT_EQ(run({"session", "list", "ada@example.org", "--json"}), status_done);
    EXPECT_TRUE(json().as_array().empty());
    EXPECT_EQ(run({"key", "list", "--json"}), status_done);
    EXPECT_TRUE(json().as_array().empty());
}

TEST_F(CommandLine, SessionEndWantsOneOfTwo) {
    create("ada@example.org");
    EXPECT_EQ(run({"session", "end"}), status_wrongly_asked);
    EXPECT_EQ(run({"session", "end", "not-an-id"}), status_wrongly_asked);
    EXPECT_EQ(run({"session", "end", "01890a5d-ac96-774b-bcce-b302099a8057", "--json"}), status_refused);
    EXPECT_EQ(error_code(), "session_unknown");
    EXPECT_EQ(run({"session", "end", "--all", "ada@example.org", "--json"}), status_done);
    EXPECT_EQ(json().at("ended").as_int64(), 0);
}

TEST_F(CommandLine, WhatTheStoreCannotDoNowExitsWith3) {
    EXPECT_EQ(run({"key", "init", "--json"}), status_not_now);
    EXPECT_EQ(error_code(), "master_key_missing");
    tools_.open_workplace = [](const Location&) -> Result<std::unique_ptr<Workplace>> {
        return unavailable("PostgreSQL cannot be reached");
    };
    EXPECT_EQ(run({"account", "list"}), status_not_now);
    tools_.open_workplace = [](const Location&) -> Result<std::unique_ptr<Workplace>> {
        return invalid_input("invalid_configuration", "listen is wrong");
    };
    EXPECT_EQ(run({"account", "list"}), status_wrongly_asked);
    EXPECT_EQ(error_.str(), "postern: listen is wrong\n");
}

TEST_F(CommandLine, HandsOnWhereTheConfigurationIs) {
    EXPECT_EQ(run({"serve", "--config", "a.toml", "--data", "d", "--listen", "127.0.0.1:80"}), status_refused);
    EXPECT_EQ(asked_for_.configuration_file, "a.toml");
    EXPECT_EQ(asked_for_.data_dir, "d");
    EXPECT_EQ(asked_for_.listen, "127.0.0.1:80");
}

class Inspect : public CommandLine {
protected:
    Inspect() : path_(testing::TempDir() + "/postern-cli-jwks-" + std::to_string(getpid())) { write("{}"); }
    ~Inspect() override { std::remove(path_.c_str()); }
    void write(const std::string& text) {
        FILE* file = std::fopen(path_.c_str(), "w");
        std::fputs(text.c_str(), file);
        std::fclose(file);
    }
    std::string path_;
};

TEST_F(Inspect, ExitsWith0_1_Or2) {
    input_ = "good";
    EXPECT_EQ(run({"token", "inspect", "--jwks", path_.c_str(), "--json"}), 0);
    EXPECT_TRUE(json().at("accepted").as_bool());
    EXPECT_EQ(json().at("steps").as_array().size(), 1U);
    input_ = "bad";
    EXPECT_EQ(run({"token", "inspect", "--jwks", path_.c_str()}), 1);
    EXPECT_NE(out_.str().find("REJECTED"), std::string::npos);
    write("broken");
    EXPECT_EQ(run({"token", "inspect", "--jwks", path_.c_str()}), 2);
    EXPECT_EQ(run({"token", "inspect", "--jwks", "/nowhere/jwks.json"}), 2);
    EXPECT_EQ(error_.str(), "postern: Cannot read /nowhere/jwks.json: No such file or directory\n");
    tools_.open_workplace = [](const Location&) -> Result<std::unique_ptr<Workplace>> {
        return unavailable("PostgreSQL cannot be reached");
    };
    input_ = "good";
    EXPECT_EQ(run({"token", "inspect"}), 2);
}

TEST_F(CommandLine, DoctorExitsWith1OnAProblem) {
    EXPECT_EQ(run({"doctor"}), status_refused);
    EXPECT_NE(out_.str().find("wind it up"), std::string::npos);
    EXPECT_EQ(run({"doctor", "--json"}), status_refused);
    EXPECT_EQ(json().as_array().size(), 2U);
    EXPECT_EQ(json().at(1).at("advice").as_string(), "wind it up");
}

TEST_F(CommandLine, ConfigAndVersionInform) {
    EXPECT_EQ(run({"config"}), status_done);
    EXPECT_EQ(out_.str(), "listen = \"[::1]:1\"  # --listen\n");
    EXPECT_EQ(run({"config", "--reference"}), status_done);
    EXPECT_EQ(out_.str(), "| key |\n");
    EXPECT_EQ(run({"version", "--json"}), status_done);
    EXPECT_EQ(json().at("version").as_string(), "1.2.3");
    EXPECT_EQ(run({"--version"}), status_done);
}

}  // namespace
}  // namespace postern::cli
