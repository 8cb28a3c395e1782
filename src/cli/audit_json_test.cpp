#include "cli/audit_json.hpp"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "core/audit_chain.hpp"

namespace postern::cli {
namespace {

core::AuditRecord some_record() {
    core::AuditRecord record;
    record.id = core::AuditId::make(from_milliseconds(1'800'000'000'123));
    record.at = from_milliseconds(1'800'000'000'123);
    record.event = "login";
    record.actor = "cli:\"ada\"";
    record.account_id = core::AccountId::make(record.at);
    record.outcome = "success";
    record.address = "2001:db8::1";
    record.detail = "ada@exämple.org";
    record.salt = {0, 255};
    record.count = 3;
    record.sequence = 7;
    record.personal_digest = core::personal_digest_of(record);
    record.chain = core::chain_after(core::chain_start(), record);
    return record;
}

template <typename Value>
Value through_json(const Value& value) {
    const auto piece = parse_audit_piece(boost::json::serialize(to_json(value)));
    if (!piece) throw std::runtime_error(piece.error().message);
    return std::get<Value>(*piece);
}

TEST(AuditJson, LosesNothingOfARecord) {
    const auto record = some_record();
    const auto read = through_json(record);
    // Both digests cover every field between them.
    EXPECT_EQ(core::personal_digest_of(read), record.personal_digest);
    EXPECT_EQ(core::chain_after(core::chain_start(), read), record.chain);
    EXPECT_EQ(read.chain, record.chain);
    EXPECT_EQ(read.salt, record.salt);
    EXPECT_FALSE(read.session_id.has_value());

    auto unsealed = record;
    unsealed.sequence.reset();
    EXPECT_FALSE(through_json(unsealed).sequence.has_value());
}

TEST(AuditJson, LosesNothingOfACheckpoint) {
    const core::AuditCheckpoint checkpoint{9, {1, 2, 3}, from_milliseconds(1'800'000'000'001), "kid", {4, 5}};
    const auto read = through_json(checkpoint);
    EXPECT_EQ(core::signed_text(read), core::signed_text(checkpoint));
    EXPECT_EQ(read.kid, checkpoint.kid);
    EXPECT_EQ(read.signature, checkpoint.signature);
}

TEST(AuditJson, ReadsNothingElse) {
    const auto refuses = [](const auto& change) {
        auto line = to_json(some_record());
        change(line);
        const auto piece = parse_audit_piece(boost::json::serialize(line));
        return !piece.has_value() && piece.error().kind == ErrorKind::invalid_input;
    };
    EXPECT_TRUE(refuses([](auto& line) { line.erase("detail"); }));
    EXPECT_TRUE(refuses([](auto& line) { line.emplace("more", 1); }));
    EXPECT_TRUE(refuses([](auto& line) { line["type"] = "trail"; }));
    EXPECT_TRUE(refuses([](auto& line) { line["type"] = "checkpoint"; }));
    EXPECT_TRUE(refuses([](auto& line) { line["id"] = "7"; }));
    EXPECT_TRUE(refuses([](auto& line) { line["count"] = "3"; }));
    EXPECT_TRUE(refuses([](auto& line) { line["count"] = 3.5; }));
    EXPECT_TRUE(refuses([](auto& line) { line["event"] = nullptr; }));
    EXPECT_TRUE(refuses([](auto& line) { line["salt"] = "AA=="; }));
    EXPECT_TRUE(refuses([](auto& line) { line["at"] = "2027-01-15 08:00:00.123Z"; }));
    EXPECT_TRUE(refuses([](auto& line) { line["session_id"] = ""; }));
    for (const char* text : {"", "[]", "7", "{}", "{\"type\":\"record\"}"}) {
        EXPECT_FALSE(parse_audit_piece(text).has_value()) << text;
    }
}

}  // namespace
}  // namespace postern::cli
