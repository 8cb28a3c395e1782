// What the room's tests share.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "app/configuration.hpp"

namespace postern::app::testing {

// Gone with everything in it when this dies.
class TemporaryDirectory {
public:
    TemporaryDirectory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "postern-app-XXXXXX").string();
        if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }
    void write(const std::string& name, std::string_view text) const { std::ofstream(path_ + "/" + name) << text; }

    // The defaults, with the data in `data` here, which does not exist yet.
    [[nodiscard]] Configuration configuration() const {
        Configuration configuration;
        configuration.data_dir = path_ + "/data";
        const auto settled = settle(configuration);
        EXPECT_TRUE(settled) << settled.error().message;
        return configuration;
    }

private:
    std::string path_;
};

}  // namespace postern::app::testing
