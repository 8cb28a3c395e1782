#include "app/data_directory.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "app/testing.hpp"
#include "base/user.hpp"

namespace postern::app {
namespace {

using testing::TemporaryDirectory;

TEST(DataDirectory, IsMadeForItsOwnerOnly) {
    const TemporaryDirectory place;
    const Configuration configuration = place.configuration();
    ASSERT_TRUE(make_data_directory(configuration));
    struct stat status {};
    ASSERT_EQ(stat(configuration.data_dir.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0700U);
    EXPECT_TRUE(make_data_directory(configuration)) << "a second time changes nothing";
}

TEST(DataDirectory, SaysWhyItCannotBeMade) {
    const TemporaryDirectory place;
    Configuration configuration = place.configuration();
    place.write("file", "");
    configuration.data_dir = place.path() + "/file/data";
    const auto made = make_data_directory(configuration);
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().message.find(configuration.data_dir), std::string::npos) << made.error().message;
}

TEST(DataDirectory, BelongsToOneUser) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
    const TemporaryDirectory place;
    const Configuration configuration = place.configuration();
    EXPECT_TRUE(check_owner(configuration)) << "what does not exist is nobody's";
    ASSERT_TRUE(make_data_directory(configuration));
    EXPECT_TRUE(check_owner(configuration));
    ASSERT_EQ(chown(configuration.data_dir.c_str(), 65534, 65534), 0);
    const auto checked = check_owner(configuration);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, "wrong_user");
    EXPECT_NE(checked.error().message.find("sudo -u " + user_name(65534)), std::string::npos);
}

TEST(ServerLock, IsHeldByOneAndNamesIt) {
    const TemporaryDirectory place;
    const Configuration configuration = place.configuration();
    ASSERT_TRUE(make_data_directory(configuration));
    EXPECT_EQ(ServerLock::holder(configuration), std::nullopt);
    {
        const auto first = ServerLock::take(configuration);
        ASSERT_TRUE(first) << first.error().message;
        const auto second = ServerLock::take(configuration);
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code, "already_served");
        EXPECT_NE(second.error().message.find(std::to_string(getpid())), std::string::npos);
        EXPECT_EQ(ServerLock::holder(configuration), std::to_string(getpid()));
    }
    EXPECT_EQ(ServerLock::holder(configuration), std::nullopt);
    EXPECT_TRUE(ServerLock::take(configuration));
}

TEST(ServerLock, EmptiesNoFileThatSomeonePutInItsPlace) {
    const TemporaryDirectory place;
    const Configuration configuration = place.configuration();
    ASSERT_TRUE(make_data_directory(configuration));
    place.write("precious", "a key");
    const std::string lock = configuration.data_dir + "/postern.db.lock";
    const std::string precious = place.path() + "/precious";
    for (auto* const make_link : {symlink, link}) {
        ASSERT_EQ(make_link(precious.c_str(), lock.c_str()), 0);
        EXPECT_FALSE(ServerLock::take(configuration));
        EXPECT_EQ(std::filesystem::file_size(precious), 5U);
        std::filesystem::remove(lock);
    }
}

}  // namespace
}  // namespace postern::app
