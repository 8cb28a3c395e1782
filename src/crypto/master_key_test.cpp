#include "crypto/master_key.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace postern::crypto {
namespace {

constexpr std::string_view hex_key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

class MasterKeyFile : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "postern-master-key-XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    std::filesystem::path write(std::string_view content, mode_t mode = 0600) {
        const auto path = directory_ / "written";
        std::filesystem::remove(path);
        std::ofstream(path) << content;
        chmod(path.c_str(), mode);
        return path;
    }

    std::filesystem::path directory_;
};

MasterKey key_of(std::string_view text) {
    return MasterKey::parse(SecretString(text), "the test").take();
}

std::vector<std::uint8_t> bytes_of(std::string_view text) {
    return {text.begin(), text.end()};
}

TEST(MasterKey, IsReadFromBothSpellings) {
    const auto hex = key_of(hex_key);
    EXPECT_EQ(hex.id().size(), 32U);
    EXPECT_EQ(key_of("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").id(), hex.id());
    EXPECT_EQ(key_of("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F").id(), hex.id());
    EXPECT_EQ(key_of(" \t" + std::string(hex_key) + "\r\n").id(), hex.id());
    EXPECT_NE(key_of("100102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f").id(), hex.id());
    // Stores remember this: it must never change.
    EXPECT_EQ(hex.id(), "62e322aeb54e160e8df56e5c2fa1b307");
}

TEST(MasterKey, IsRefusedOtherwiseWithoutBeingTold) {
    const std::string hex(hex_key);
    for (const auto& text :
         {std::string(), std::string("\n"), hex.substr(1), hex + "0", "g" + hex.substr(1), hex.substr(0, 32),
          hex.substr(0, 32) + " " + hex.substr(33), std::string("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
          std::string("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9"), std::string(1'000'000, 'a')}) {
        const auto key = MasterKey::parse(SecretString(text), "POSTERN_MASTER_KEY");
        ASSERT_FALSE(key.has_value()) << text;
        EXPECT_EQ(key.error().code, "invalid_master_key");
        EXPECT_NE(key.error().message.find("POSTERN_MASTER_KEY"), std::string::npos);
        if (text.size() > 8) {
            EXPECT_EQ(key.error().message.find(text.substr(0, 8)), std::string::npos);
        }
    }
}

TEST_F(MasterKeyFile, IsCreatedOnceAndReadBack) {
    const auto path = directory_ / "master.key";
    const auto created = MasterKey::create_file(path);
    ASSERT_TRUE(created.has_value()) << created.error().message;
    struct stat status {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    EXPECT_EQ(status.st_size, 65);
    const auto read = MasterKey::read_file(path);
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(read->id(), created->id());

    const auto again = MasterKey::create_file(path);
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().code, "master_key_exists");
    EXPECT_EQ(MasterKey::read_file(path)->id(), created->id()) << "it was not touched";
    const auto files = std::filesystem::directory_iterator(directory_);
    EXPECT_EQ(std::distance(begin(files), end(files)), 1) << "no draft stays";
}

TEST_F(MasterKeyFile, IsPrivateWhateverTheUmask) {
    const mode_t before = umask(0);
    const auto path = directory_ / "open.key";
    EXPECT_TRUE(MasterKey::create_file(path).has_value());
    umask(before);
    struct stat status {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(MasterKeyFile, MustBelongToUsAlone) {
    EXPECT_TRUE(MasterKey::read_file(write(hex_key, 0600)).has_value());
    EXPECT_TRUE(MasterKey::read_file(write(hex_key, 0400)).has_value());
    for (const mode_t mode : {0644U, 0640U, 0660U, 0604U, 0666U, 0601U, 0700U}) {
        const auto key = MasterKey::read_file(write(hex_key, mode));
        ASSERT_FALSE(key.has_value()) << std::oct << mode;
        EXPECT_EQ(key.error().code, "invalid_master_key");
        EXPECT_NE(key.error().message.find("chmod 600"), std::string::npos);
    }
    if (geteuid() == 0) {
        const auto path = write(hex_key);
        ASSERT_EQ(chown(path.c_str(), 65534, 65534), 0);
        const auto key = MasterKey::read_file(path);
        ASSERT_FALSE(key.has_value());
        EXPECT_NE(key.error().message.find("belongs to user 65534"), std::string::npos);
    }
}

TEST_F(MasterKeyFile, SaysWhatIsWrong) {
    const auto missing = MasterKey::read_file(directory_ / "none");
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().code, "master_key_missing");
    EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
    EXPECT_FALSE(MasterKey::read_file(directory_).has_value());
    EXPECT_FALSE(MasterKey::read_file("/dev/null").has_value());
    const auto pipe = directory_ / "pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_FALSE(MasterKey::read_file(pipe).has_value()) << "and does not wait for a writer";
    EXPECT_FALSE(MasterKey::read_file(write("")).has_value());
    EXPECT_FALSE(MasterKey::read_file(write("not a key")).has_value());
    EXPECT_FALSE(MasterKey::read_file(write(std::string(1'000'000, '0'))).has_value());
    EXPECT_FALSE(MasterKey::create_file(directory_ / "no" / "such" / "folder").has_value());
}

TEST(MasterKeys, OpenWhatTheySealed) {
    const MasterKeys keys(key_of(hex_key));
    const auto secret = bytes_of("the private half");
    const auto sealed = keys.seal(secret, "purpose");
    EXPECT_NE(sealed, keys.seal(secret, "purpose")) << "the nonce is random";
    EXPECT_EQ(std::search(sealed.begin(), sealed.end(), secret.begin(), secret.end()), sealed.end());
    const auto opened = keys.open(keys.current_id(), sealed, "purpose");
    ASSERT_TRUE(opened.has_value());
    EXPECT_TRUE(std::ranges::equal(*opened, secret));
    EXPECT_TRUE(keys.open(keys.current_id(), keys.seal({}, ""), "").has_value());
}

TEST(MasterKeys, NoticeEveryChange) {
    const MasterKeys keys(key_of(hex_key));
    const auto sealed = keys.seal(bytes_of("the private half"), "purpose");
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        auto changed = sealed;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        ASSERT_FALSE(keys.open(keys.current_id(), changed, "purpose").has_value()) << bit;
    }
    for (std::size_t length = 0; length < sealed.size(); ++length) {
        ASSERT_FALSE(keys.open(keys.current_id(), std::span(sealed).first(length), "purpose").has_value());
    }
    const auto elsewhere = keys.open(keys.current_id(), sealed, "another purpose");
    ASSERT_FALSE(elsewhere.has_value());
    EXPECT_EQ(elsewhere.error().kind, ErrorKind::internal);
}

TEST(MasterKeys, AcceptThePreviousOneAndNoOther) {
    const std::string other = "ff" + std::string(hex_key.substr(2));
    const MasterKeys before(key_of(hex_key));
    const auto sealed = before.seal(bytes_of("x"), "purpose");

    const MasterKeys after(key_of(other), key_of(hex_key));
    EXPECT_TRUE(after.open(before.current_id(), sealed, "purpose").has_value());
    EXPECT_TRUE(after.has(before.current_id()));
    EXPECT_TRUE(after.has(after.current_id()));
    EXPECT_NE(after.current_id(), before.current_id());

    const MasterKeys wrong((key_of(other)));
    const auto refused = wrong.open(before.current_id(), sealed, "purpose");
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, "master_key_wrong");
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    EXPECT_FALSE(wrong.has(before.current_id()));
    EXPECT_FALSE(wrong.has(""));
}

}  // namespace
}  // namespace postern::crypto
