#include "cli/import_format.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/limits.hpp"

namespace postern::cli {
namespace {

using core::ImportField;

class PartsImporter final : public core::HashImporter {
public:
    Result<std::string> import_hash(std::string_view text) const override { return std::string(text); }
    Result<std::string> import_pbkdf2(const core::Pbkdf2Parts& parts) const override {
        return "pbkdf2:" + std::string(parts.digest) + ":" + std::to_string(parts.iterations) + ":" +
               std::to_string(parts.salt.size()) + ":" + std::to_string(parts.hash.size());
    }
    Result<std::string> import_argon2(const core::Argon2Parts& parts) const override {
        return "argon2" + std::string(parts.variant) + ":" + std::string(parts.version) + ":" +
               std::to_string(parts.memory_kib) + ":" + std::to_string(parts.iterations) + ":" +
               std::to_string(parts.lanes);
    }
};

class ImportFormats : public testing::Test {
protected:
    ~ImportFormats() override { std::filesystem::remove(path_); }

    Result<ImportSource> open(const std::string& text, std::optional<Origin> origin = {}, ColumnMap map = {}) {
        std::ofstream(path_, std::ios::binary) << text;
        file_ = std::make_unique<InputFile>(TRY(InputFile::open(path_)));
        return ImportSource::open(*file_, origin, std::move(map), importer_);
    }
    // Every record's address, or the code of its refusal; what ends the reading comes last.
    std::vector<std::string> outcomes(const std::string& text, std::optional<Origin> origin = {}) {
        std::vector<std::string> found;
        auto source = open(text, origin);
        if (!source) return {source.error().code};
        Record record;
        for (;;) {
            const auto more = source->next(record);
            if (!more) found.push_back(more.error().code);
            if (!more || !*more) return found;
            if (record.refusal) {
                found.push_back(record.refusal->code);
                continue;
            }
            const auto read = source->read(record);
            found.push_back(!read ? read.error().code : !read->has_value() ? "no user" : (**read)[ImportField::email]);
        }
    }
    std::string broken(const std::string& text) {
        auto source = open(text);
        if (!source) return source.error().message;
        Record record;
        for (;;) {
            const auto more = source->next(record);
            if (!more) return more.error().message;
            if (!*more) return "none";
        }
    }
    core::ImportedRecord first(const std::string& text, std::optional<Origin> origin = {}, ColumnMap map = {}) {
        auto source = open(text, origin, std::move(map));
        Record record;
        EXPECT_TRUE(source && *source->next(record) && !record.refusal);
        const auto read = source->read(record);
        EXPECT_TRUE(read && read->has_value()) << (read ? "" : read.error().message);
        return read && *read ? **read : core::ImportedRecord{};
    }

    using Words = std::vector<std::string>;
    std::string path_ = std::filesystem::temp_directory_path() / ("postern-import-" + std::to_string(getpid()));
    std::unique_ptr<InputFile> file_;
    PartsImporter importer_;
};

TEST_F(ImportFormats, TheOriginIsToldFromTheContent) {
    EXPECT_EQ(open("email,password\na@b.c,x\n")->origin(), Origin::table);
    EXPECT_EQ(open("id,password,last_login,is_superuser,username,email,date_joined\n")->origin(), Origin::django);
    EXPECT_EQ(open("instance_id,id,aud,email,encrypted_password\n")->origin(), Origin::gotrue);
    EXPECT_EQ(open("id,email,kind,password_hash,email_verified_at\n")->origin(), Origin::postern);
    EXPECT_EQ(open("[\n{\"model\":\"auth.user\",\"pk\":1,\"fields\":{}}]")->origin(), Origin::django);
    EXPECT_EQ(open("{\"realm\":\"x\",\"users\":[{\"username\":\"u\",\"emailVerified\":true}]}\n")->origin(),
              Origin::keycloak);
    EXPECT_EQ(open("{\n  \"realm\": \"x\",\n  \"users\": [ {\"createdTimestamp\": 1} ]\n}\n")->origin(),
              Origin::keycloak);
    EXPECT_EQ(open("{\"email\":\"a@b.c\",\"encrypted_password\":\"x\",\"aud\":\"y\"}\n")->origin(), Origin::gotrue);
    EXPECT_EQ(open("{\"email\":\"a@b.c\"}\n")->container(), "JSON lines");
    EXPECT_EQ(open("{\"email\":\"a@b.c\"}\n")->origin(), Origin::table);
}

TEST_F(ImportFormats, CsvIsReadAsRfc4180Has) {
    EXPECT_EQ(outcomes("email,x\r\na@b.c,\"1,\"\"2\"\"\r\n3\"\r\n\r\n\"d@e.f\",\n"), (Words{"a@b.c", "d@e.f"}));
    EXPECT_EQ(outcomes("email\na@b.c"), (Words{"a@b.c"}));
    EXPECT_EQ(outcomes("\xEF\xBB\xBF"
                       "email\na@b.c\n"),
              (Words{"a@b.c"}));
}

TEST_F(ImportFormats, ABadLineIsRefusedAndTheNextIsRead) {
    const std::string million(1'000'000, 'x');
    EXPECT_EQ(outcomes("email,x\na@b.c," + million + "\nd@e.f,1\n"), (Words{"line_too_long", "d@e.f"}));
    EXPECT_EQ(outcomes("email,x\na@b.c,\"" + million + "\"\nd@e.f,1\n"), (Words{"line_too_long", "d@e.f"}));
    EXPECT_EQ(outcomes("email,x\n" + std::string(1'000'000, ',') + "\nd@e.f,1\n"), (Words{"line_too_long", "d@e.f"}));
    EXPECT_EQ(outcomes(std::string("email,x\na@b.c,\0\nd@e.f,1\n", 24)), (Words{"nul_byte", "d@e.f"}));
    EXPECT_EQ(outcomes("email,x\na@b.c,M\xFCller\nd@e.f,M\xC3\xBCller\n"), (Words{"invalid_encoding", "d@e.f"}));
    EXPECT_EQ(outcomes("email,x\na@b.c\na@b.c,1,2\nd@e.f,1\n"), (Words{"wrong_columns", "wrong_columns", "d@e.f"}));
    EXPECT_EQ(outcomes("email,x\na@b.c,1\"2\na@b.c,\"1\"2\nd@e.f,1\n"),
              (Words{"invalid_quotes", "invalid_quotes", "d@e.f"}));
    EXPECT_EQ(outcomes("{\"email\":\"a@b.c\"}\n{\"email\":\n\n[1]\n{\"email\":\"" + million +
                       "\"}\n{\"email\":\"x\",\"email\":\"y\"}\n{\"email\":\"d@e.f\"}"),
              (Words{"a@b.c", "invalid_json", "invalid_json", "line_too_long", "duplicate_field", "d@e.f"}));
    EXPECT_EQ(
        outcomes("[{\"email\":\"a@b.c\"}, {\"email\":\"" + million + "\"},{\"email\":1e},\n{\"email\":\"d@e.f\"}]"),
        (Words{"a@b.c", "line_too_long", "invalid_json", "d@e.f"}));
}

TEST_F(ImportFormats, ABrokenFileIsRefusedAsAWhole) {
    EXPECT_NE(broken("email,x,email\n").find("\"email\" twice"), std::string::npos);
    EXPECT_NE(broken("email,,x\n").find("no name"), std::string::npos);
    EXPECT_NE(broken("email;password\n").find("commas"), std::string::npos);
    EXPECT_NE(broken("name,password\n").find("--map email="), std::string::npos);
    EXPECT_NE(broken("email,x\na@b.c,\"never closed\nd@e.f,1\n").find("Line 2"), std::string::npos);
    EXPECT_NE(broken(std::string("\xFF\xFE"
                                 "e\0m\0",
                                 6))
                  .find("iconv"),
              std::string::npos);
    EXPECT_NE(broken("").find("empty"), std::string::npos);
    EXPECT_NE(broken("\n \n").find("empty"), std::string::npos);
    for (const char* text : {"[{\"email\":\"a@b.c\"}", "[{\"email\":\"a@b.c\"},", "[{\"email\":\"a@b", "[1 2]", "[1]x",
                             "{\n\"users\":[1]", "{\n\"users\" [1]}", "{\n\"a\":{\"b\":\"}\",\"users\":[{", "[,]"}) {
        EXPECT_NE(broken(text), "none") << text;
    }
}

TEST_F(ImportFormats, OnlyTheUsersOfARealmAreRead) {
    const std::string realm =
        "{\n \"id\": \"x\", \"roles\": {\"users\": [{\"email\":\"not@this.one\"}], \"a\": \"\\\"]}\"},\n"
        " \"users\": [ {\"email\": \"a@b.c\", \"username\": \"{[\\\\\"} , {\"email\": \"d@e.f\"} ],\n"
        " \"clients\": [[{}, 1], \"users\"] }\n";
    EXPECT_EQ(outcomes(realm, Origin::keycloak), (Words{"a@b.c", "d@e.f"}));
    EXPECT_EQ(outcomes("{\n\"users\": []}"), Words{});
    EXPECT_EQ(outcomes("[]"), Words{});
}

TEST_F(ImportFormats, DjangosOtherModelsAreNoUsers) {
    EXPECT_EQ(outcomes("[{\"model\":\"auth.group\",\"fields\":{\"name\":\"g\"}},"
                       "{\"model\":\"people.person\",\"pk\":1,\"fields\":{\"email\":\"a@b.c\",\"password\":\"!x\"}}]"),
              (Words{"no user", "a@b.c"}));
    EXPECT_EQ(first("[{\"model\":\"auth.user\",\"fields\":{\"email\":\"a@b.c\",\"password\":\"!x\"}}]")
                  [ImportField::password_hash],
              "");
}

TEST_F(ImportFormats, KeycloaksCredentialsAreTakenApart) {
    const auto hash_of = [this](const std::string& credential) {
        return first(
            "[{\"email\":\"a@b.c\",\"createdTimestamp\":1,\"attributes\":{\"locale\":[\"de\"]},\"credentials\":[{"
            "\"type\":\"otp\"},{\"type\":\"password\"," +
            credential + "}]}]")[ImportField::password_hash];
    };
    EXPECT_EQ(hash_of(R"("secretData":"{\"value\":\"AAECAw==\",\"salt\":\"+/8=\"}",)"
                      R"("credentialData":"{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\"}")"),
              "pbkdf2:sha256:27500:2:4");
    EXPECT_EQ(hash_of(R"("secretData":"{\"value\":\"AAECAw==\",\"salt\":\"AAE=\"}",)"
                      R"("credentialData":"{\"hashIterations\":5,\"algorithm\":\"argon2\",\"additionalParameters\":)"
                      R"({\"memory\":[\"7168\"],\"type\":[\"id\"],\"version\":[\"1.3\"],\"parallelism\":[\"2\"]}}")"),
              "argon2id:1.3:7168:5:2");
    EXPECT_EQ(
        outcomes(
            R"([{"email":"a@b.c","createdTimestamp":1,"credentials":[{"type":"password"}]},)"
            R"({"email":"a@b.c","credentials":[{"type":"password","secretData":"{","credentialData":"{}"}]},)"
            R"({"email":"a@b.c","credentials":[{"type":"password",)"
            R"("secretData":"{\"value\":\"AAE=\",\"salt\":\"AAE=\"}","credentialData":"{\"algorithm\":\"md5\"}"}]}])"),
        (Words{"invalid_hash", "invalid_hash", "unknown_hash_scheme"}));
}

TEST_F(ImportFormats, AMapNamesOtherColumns) {
    const auto map = parse_column_map({"email=mail", "password_hash=pw"});
    ASSERT_TRUE(map);
    const auto csv = first("mail,pw,email\na@b.c,hash,wrong@b.c\n", {}, *map);
    EXPECT_EQ(csv[ImportField::email], "a@b.c");
    EXPECT_EQ(csv[ImportField::password_hash], "hash");
    const auto json = first("{\"mail\":\"a@b.c\",\"pw\":\"hash\",\"email\":\"wrong@b.c\"}\n", {}, *map);
    EXPECT_EQ(json[ImportField::email], "a@b.c");
    EXPECT_EQ(json[ImportField::password_hash], "hash");
    EXPECT_FALSE(open("email,pw\n", {}, *map));
    for (const char* wrong : {"email", "email=", "=mail", "e-mail=mail"})
        EXPECT_FALSE(parse_column_map({wrong})) << wrong;
}

TEST_F(ImportFormats, APipeIsNoFile) {
    EXPECT_EQ(InputFile::open("/dev/null").error().code, "file_unreadable");
    EXPECT_EQ(InputFile::open("/nonexistent").error().code, "file_missing");
}

}  // namespace
}  // namespace postern::cli
