#include "core/import.hpp"

#include <gtest/gtest.h>

#include "core/memory_store.hpp"
#include "core/rehash.hpp"
#include "core/testing.hpp"

namespace postern::core {
namespace {

class PlainText final : public Text {
public:
    Result<EmailAddress> parse_email(std::string_view text) const override {
        if (text.find('@') == std::string_view::npos) return invalid_input("invalid_email", "The address has no @");
        return EmailAddress{std::string(text), std::string(text)};
    }
    Result<SecretString> prepare_password(const SecretString& password) const override { return password.copy(); }
    [[nodiscard]] std::size_t count_characters(std::string_view text) const override { return text.size(); }
};

class PlainImporter final : public HashImporter {
public:
    Result<std::string> import_hash(std::string_view text) const override {
        if (text.starts_with("new:") || text.starts_with("old:")) return std::string(text);
        return invalid_input("unknown_hash_scheme", "The hash is of no scheme that is known here");
    }
    Result<std::string> import_pbkdf2(const Pbkdf2Parts&) const override { return std::string("old:pbkdf2"); }
    Result<std::string> import_argon2(const Argon2Parts&) const override { return std::string("old:argon2"); }
};

class ImportRecords : public ::testing::Test {
protected:
    ImportedRecord record(std::initializer_list<std::pair<ImportField, std::string>> values) {
        ImportedRecord made;
        made[ImportField::email] = "ada@example.org";
        for (const auto& [field, value] : values) made[field] = value;
        return made;
    }
    Result<Account> make(const ImportedRecord& from) { return make_imported_account(from, rules_, tools_, now_); }
    std::string refusal(const ImportedRecord& from) {
        const auto made = make(from);
        return made ? "none" : made.error().code;
    }

    FakeClock clock_;
    Timestamp now_ = clock_.now();
    PlainText text_;
    PlainImporter hashes_;
    core::testing::PlainHasher hasher_;
    ImportTools tools_{text_, hashes_, hasher_};
    ImportRules rules_;
};

TEST_F(ImportRecords, TheOriginsIdIsKeptWhereItIsAUuid) {
    const std::string uuid = "0c5f3a52-7d1e-4f7b-9a51-000000000001";
    EXPECT_EQ(make(record({{ImportField::id, uuid}}))->id.text(), uuid);
    EXPECT_NE(make(record({{ImportField::id, "17"}}))->id, AccountId{});
    EXPECT_NE(make(record({{ImportField::id, "00000000-0000-0000-0000-000000000000"}}))->id, AccountId{});
    rules_.own = true;
    EXPECT_EQ(refusal(record({{ImportField::id, "17"}})), "invalid_id");
}

TEST_F(ImportRecords, NobodyBecomesAnAdministratorByAForeignFile) {
    EXPECT_FALSE(make(record({{ImportField::admin, "true"}}))->admin);
    rules_.own = true;
    EXPECT_TRUE(make(record({{ImportField::admin, "true"}}))->admin);
}

TEST_F(ImportRecords, WhoCouldLogInThereCanLogInHere) {
    EXPECT_TRUE(is_active(*make(record({}))));
    EXPECT_TRUE(make(record({{ImportField::active, "False"}}))->disabled_at);
    EXPECT_TRUE(make(record({{ImportField::disabled, "1"}}))->disabled_at);
    EXPECT_TRUE(make(record({{ImportField::banned_until, "2999-01-01 00:00:00+00"}}))->disabled_at);
    EXPECT_FALSE(make(record({{ImportField::banned_until, "2020-01-01 00:00:00+00"}}))->disabled_at);
    EXPECT_TRUE(is_active(*make(record({{ImportField::verified, "false"}}))));
    rules_.confirmation = Confirmation::where_told;
    EXPECT_FALSE(is_active(*make(record({{ImportField::verified, "false"}}))));
    EXPECT_TRUE(is_active(*make(record({}))));
    rules_.confirmation = Confirmation::needed;
    EXPECT_FALSE(is_active(*make(record({}))));
    EXPECT_TRUE(is_active(*make(record({{ImportField::email_verified_at, "2023-04-05 06:07:08+00"}}))));
}

TEST_F(ImportRecords, TheOperatorMayActivateAllOrNone) {
    rules_.confirmation = Confirmation::needed;
    rules_.activation = Activation::all;
    EXPECT_TRUE(is_active(*make(record({}))));
    EXPECT_FALSE(is_active(*make(record({{ImportField::active, "f"}}))));
    rules_.activation = Activation::none;
    EXPECT_FALSE(is_active(*make(record({{ImportField::email_verified_at, "2023-04-05 06:07:08+00"}}))));
}

TEST_F(ImportRecords, WhatMakesNoSenseIsRefusedWithItsReason) {
    EXPECT_EQ(refusal(record({{ImportField::email, ""}})), "missing_email");
    EXPECT_EQ(refusal(record({{ImportField::email, "ada"}})), "invalid_email");
    EXPECT_EQ(refusal(record({{ImportField::password_hash, "md5$x"}})), "unknown_hash_scheme");
    EXPECT_EQ(refusal(record({{ImportField::created_at, "yesterday"}})), "invalid_time");
    EXPECT_EQ(refusal(record({{ImportField::active, "perhaps"}})), "invalid_flag");
    EXPECT_EQ(refusal(record({{ImportField::kind, "wizard"}})), "invalid_kind");
    EXPECT_EQ(refusal(record({{ImportField::locale, "de;DROP"}})), "invalid_locale");
    EXPECT_EQ(refusal(record({{ImportField::roles, "good bad\""}})), "invalid_role");
    EXPECT_EQ(refusal(record({{ImportField::display_name, "a\nb"}})), "invalid_display_name");
    EXPECT_EQ(refusal(record({{ImportField::deleted_at, "2024-01-01"}})), "account_deleted");
}

TEST_F(ImportRecords, WhatIsExportedIsReadBackTheSame) {
    Account account = *make(record({{ImportField::password_hash, "old:a quiet harbour"},
                                    {ImportField::roles, "writer editor"},
                                    {ImportField::locale, "de_AT"},
                                    {ImportField::first_name, "Ada"},
                                    {ImportField::last_name, "L"},
                                    {ImportField::created_at, "2023-04-05T06:07:08.912Z"},
                                    {ImportField::last_login_at, "1680674828912"}}));
    account.admin = true;
    account.disabled_at = now_;
    ImportedRecord exported;
    const auto values = export_account(account);
    std::ranges::copy(values, exported.values.begin());
    rules_.own = true;
    clock_.advance(std::chrono::hours(1));
    now_ = clock_.now();
    const Account again = *make(exported);
    EXPECT_EQ(export_account(again), values);
    EXPECT_EQ(again.password_scheme, "old");
    EXPECT_EQ(again.display_name, "Ada L");
    EXPECT_EQ(again.locale, "de-AT");
    EXPECT_EQ(again.roles, (std::vector<std::string>{"editor", "writer"}));
}

class ImportBatches : public ImportRecords {
protected:
    Result<ImportOutcome> write(const ImportBatch& batch) {
        return write_and_wait(store_,
                              [&](Transaction& transaction) { return import_batch(transaction, batch, actor_, now_); });
    }
    Account account(const std::string& email) { return *make(record({{ImportField::email, email}})); }

    MemoryStore store_{clock_.now()};
    Actor actor_{"cli:ada", "", ""};
};

TEST_F(ImportBatches, ABatchIsItsAccountsItsMarkAndOneAuditRecord) {
    const ImportMark after{.records = 3, .imported = 2, .without_password = 2, .refused = 1, .finished = true};
    const auto outcome = write({"f", std::nullopt, after, {account("a@b.c"), account("d@e.f")}});
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->mark, after);
    EXPECT_EQ(store_.tables.accounts.size(), 2U);
    ASSERT_EQ(store_.tables.audit.size(), 1U);
    EXPECT_EQ(store_.tables.audit.front().count, 2);
    const auto mark = read_and_wait(store_, [](Reader& reader) { return find_import_mark(reader, "f"); });
    ASSERT_TRUE(mark && *mark);
    EXPECT_EQ(**mark, after);
}

TEST_F(ImportBatches, CollisionsAreRefusedAndCountedAsSuch) {
    const Account first = account("a@b.c");
    Account same_id = account("g@h.i");
    same_id.id = first.id;
    const ImportMark after{.records = 4, .imported = 4, .without_password = 4};
    const auto outcome = write({"f", std::nullopt, after, {first, account("a@b.c"), same_id, account("j@k.l")}});
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->refusals[0]);
    EXPECT_EQ(outcome->refusals[1]->code, "email_taken");
    EXPECT_EQ(outcome->refusals[2]->code, "id_taken");
    EXPECT_EQ(outcome->mark, (ImportMark{.records = 4, .imported = 2, .without_password = 2, .refused = 2}));
}

TEST_F(ImportBatches, TwoImportsOfOneFileDoNotMix) {
    ASSERT_TRUE(write({"f", std::nullopt, {.records = 1, .imported = 1}, {account("a@b.c")}}));
    const auto second = write({"f", std::nullopt, {.records = 1, .imported = 1}, {account("d@e.f")}});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, "import_elsewhere");
    EXPECT_EQ(store_.tables.accounts.size(), 1U);
}

TEST_F(ImportBatches, ARehashNeverUndoesWhatCameFirst) {
    Account ada = account("a@b.c");
    ada.password_hash = "old:secret";
    ada.password_scheme = "old";
    store_.tables.accounts[ada.id] = ada;
    const std::vector<WrappedHash> wrapped = {{ada.id, "old:secret", "new:secret", "new"}};
    const auto rehash = [&] {
        return *write_and_wait(
            store_, [&](Transaction& transaction) { return replace_hashes(transaction, wrapped, actor_, now_); });
    };
    store_.tables.accounts[ada.id].password_hash = "new:reset meanwhile";
    EXPECT_EQ(rehash(), 0U);
    EXPECT_EQ(store_.tables.accounts[ada.id].password_hash, "new:reset meanwhile");
    store_.tables.accounts[ada.id].password_hash = "old:secret";
    EXPECT_EQ(rehash(), 1U);
    EXPECT_EQ(store_.tables.accounts[ada.id].password_hash, "new:secret");
    EXPECT_EQ(store_.tables.accounts[ada.id].security_version, ada.security_version);
}

}  // namespace
}  // namespace postern::core
