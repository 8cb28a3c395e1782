#include "app/workplace.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "app/doctor.hpp"
#include "app/testing.hpp"

namespace postern::app {
namespace {

using testing::TemporaryDirectory;

constexpr const char* a_master_key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
constexpr const char* another_master_key = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

class Workplaces : public ::testing::Test {
protected:
    [[nodiscard]] LocalWorkplace open(const Environment& environment = {}) {
        return LocalWorkplace(place_.configuration(), environment, LocalWorkplace::Purpose::command, clock_);
    }
    // A first start.
    void make(const Environment& environment = {}) {
        auto workplace = open(environment);
        workplace.make_what_is_missing();
        const auto made = workplace.make_missing_keys();
        ASSERT_TRUE(made) << made.error().message;
    }
    std::string code_of_signer(const Environment& environment = {}) {
        auto workplace = open(environment);
        const auto signer = workplace.signer();
        return signer ? "accepted" : signer.error().code;
    }

    SystemClock clock_;
    TemporaryDirectory place_;
    std::string key_file_ = place_.path() + "/data/master.key";
};

TEST_F(Workplaces, ACommandMakesNoStoreByItself) {
    auto workplace = open();
    const auto store = workplace.store();
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, "store_missing");
    EXPECT_FALSE(std::filesystem::exists(place_.path() + "/data"));
}

TEST_F(Workplaces, AFirstStartMakesStoreMasterKeyAndKeys) {
    make();
    struct stat status {};
    ASSERT_EQ(stat(key_file_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
    EXPECT_EQ(code_of_signer(), "accepted");
    make();  // changes nothing
    EXPECT_EQ(code_of_signer(), "accepted");
}

TEST_F(Workplaces, AMissingMasterKeyIsNotMadeAnew) {
    make();
    std::filesystem::remove(key_file_);
    EXPECT_EQ(code_of_signer(), "master_key_missing");
    auto starting = open();
    starting.make_what_is_missing();
    ASSERT_TRUE(starting.make_missing_keys());
    EXPECT_FALSE(starting.signer());
    EXPECT_FALSE(std::filesystem::exists(key_file_));
}

TEST_F(Workplaces, TheEnvironmentGoesBeforeTheFile) {
    make({{"POSTERN_MASTER_KEY", a_master_key}});
    EXPECT_FALSE(std::filesystem::exists(key_file_));
    EXPECT_EQ(code_of_signer({{"POSTERN_MASTER_KEY", a_master_key}}), "accepted");
    EXPECT_EQ(code_of_signer({{"POSTERN_MASTER_KEY", another_master_key}}), "master_key_wrong");
    EXPECT_EQ(code_of_signer({{"POSTERN_MASTER_KEY", "short"}}), "invalid_master_key");
    EXPECT_EQ(code_of_signer(), "master_key_missing");
    EXPECT_EQ(
        code_of_signer({{"POSTERN_MASTER_KEY", another_master_key}, {"POSTERN_PREVIOUS_MASTER_KEY", a_master_key}}),
        "accepted");
}

TEST_F(Workplaces, AStoreWithoutKeysIsNamedAsSuch) {
    auto workplace = open();
    workplace.make_what_is_missing();
    ASSERT_TRUE(workplace.store());
    EXPECT_EQ(code_of_signer(), "keys_missing");
}

TEST_F(Workplaces, TheDoctorFindsTheMissingMasterKeyAndSaysWhatToDo) {
    const Overrides overrides{.data_dir = place_.path() + "/data"};
    make();
    for (const auto& finding : diagnose(overrides, {}, clock_)) {
        EXPECT_NE(finding.severity, core::Severity::problem) << finding.message;
    }
    std::filesystem::remove(key_file_);
    bool found = false;
    for (const auto& finding : diagnose(overrides, {}, clock_)) {
        if (finding.severity != core::Severity::problem) continue;
        found = found || finding.subject == "keys";
        EXPECT_NE(finding.advice, "");
    }
    EXPECT_TRUE(found);
}

TEST_F(Workplaces, TheDoctorStopsAtAWrongConfiguration) {
    const auto findings = diagnose({}, {{"POSTERN_LISTN", "x"}}, clock_);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].severity, core::Severity::problem);
    EXPECT_NE(findings[0].message.find("POSTERN_LISTEN"), std::string::npos);
}

}  // namespace
}  // namespace postern::app
