#include "app/process.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace postern::app {
namespace {

// Of this process: what it has mapped of files, in KiB.
long resident_files() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("RssFile:")) return std::stol(line.substr(8));
    }
    return 0;
}

TEST(Process, GivesBackWhatOnlyTheStartNeeded) {
    const auto before = resident_files();
    give_back_start_up_pages();
    const auto after = resident_files();
    EXPECT_GT(after, 0);
    EXPECT_LT(after, before / 2) << before << " KiB before";
    // What the loader has written beside the code is still there: functions of other libraries are found by it.
    give_back_start_up_pages();
    EXPECT_THROW(std::stol("no number"), std::invalid_argument);
}

}  // namespace
}  // namespace postern::app
