#include "core/audit_sealer.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "core/audit_trail.hpp"
#include "core/testing_audit.hpp"

namespace postern::core {
namespace {

using namespace std::chrono_literals;
using testing::seal;
using testing::seal_all;
using testing::WordAuditSigner;

const Timestamp start = from_seconds(1'800'000'000);

class AuditSealer : public ::testing::Test {
protected:
    void add(std::size_t count, std::string_view event = "login") {
        const auto done = write_and_wait(store_, [&](Transaction& transaction) -> Result<void> {
            for (std::size_t i = 0; i < count; ++i) {
                TRY(record(transaction, event, {"system", "192.0.2.1", "curl/8"}, {account_, {}, "detail"}, "success",
                           now_));
            }
            return {};
        });
        ASSERT_TRUE(done.has_value());
    }
    SealOutcome step(std::string_view node = "node-1", const WebhookSettings& webhooks = {}) {
        auto outcome = seal(store_, signer_, now_, webhooks, node);
        if (!outcome.has_value()) throw std::runtime_error(outcome.error().message);
        return *outcome;
    }
    TrailReport verify() {
        auto report =
            read_and_wait(store_, [&](Reader& reader) { return verify_trail(reader, signer_, std::nullopt); });
        if (!report.has_value()) throw std::runtime_error(report.error().message);
        return *report;
    }
    AuditRecord& record_of(std::int64_t sequence) {
        return *std::ranges::find(store_.tables.audit, sequence, &AuditRecord::sequence);
    }
    std::vector<std::int64_t> checkpoints() {
        std::vector<std::int64_t> sequences;
        for (const auto& [sequence, checkpoint] : store_.tables.checkpoints) sequences.push_back(sequence);
        return sequences;
    }

    Timestamp now_ = start;
    AccountId account_ = AccountId::make(start);
    WordAuditSigner signer_;
    MemoryStore store_{start};
};

TEST_F(AuditSealer, SealsInBatchesUntilNothingIsLeft) {
    add(limits::audit_seal_records + 1);
    EXPECT_TRUE(step().more);
    const auto second = step();
    EXPECT_EQ(second.sealed, 1U);
    EXPECT_FALSE(second.more);
    const auto third = step();
    EXPECT_TRUE(third.leads);
    EXPECT_EQ(third.sealed, 0U);
    EXPECT_FALSE(third.checkpoint.has_value());
    const auto report = verify();
    EXPECT_FALSE(report.breach.has_value());
    EXPECT_EQ(report.proven, static_cast<std::int64_t>(limits::audit_seal_records + 1));
}

TEST_F(AuditSealer, KeepsACheckpointForEachThousandRecordsAndEachHour) {
    add(1700);
    (void)seal_all(store_, signer_, now_);
    add(1);
    (void)step();
    EXPECT_EQ(checkpoints(), (std::vector<std::int64_t>{1000, 1701}));
    now_ += 1h;
    add(1);
    (void)step();
    add(1);
    (void)step();
    EXPECT_EQ(checkpoints(), (std::vector<std::int64_t>{1000, 1701, 1703}));
    EXPECT_FALSE(verify().breach.has_value());
}

TEST_F(AuditSealer, LeavesTheCheckpointThatATrailBeginsWith) {
    add(3);
    (void)step();
    store_.tables.audit.clear();  // as retention does
    add(2);
    (void)step();
    EXPECT_EQ(checkpoints(), (std::vector<std::int64_t>{3, 5}));
    const auto report = verify();
    EXPECT_FALSE(report.breach.has_value()) << report.breach->message;
    EXPECT_EQ(report.first, 4);
}

TEST_F(AuditSealer, LeavesItToTheNodeThatHasTheLease) {
    add(1);
    EXPECT_TRUE(step("node-1").leads);
    add(1);
    const auto other = step("node-2");
    EXPECT_FALSE(other.leads);
    EXPECT_EQ(other.sealed, 0U);
    now_ += limits::audit_seal_lease;
    EXPECT_EQ(step("node-2").sealed, 1U);
    EXPECT_FALSE(step("node-1").leads);
    EXPECT_FALSE(verify().breach.has_value());
}

TEST_F(AuditSealer, PassesOnAtOnceWhenANodeStops) {
    add(1);
    EXPECT_TRUE(step("node-1").leads);
    const auto stopped = [this](std::string_view node) {
        return write_and_wait(store_, [&](Transaction& transaction) { return stop_sealing(transaction, node, now_); });
    };
    ASSERT_TRUE(stopped("node-2").has_value());  // takes nothing from the one that has it
    add(1);
    EXPECT_FALSE(step("node-2").leads);
    ASSERT_TRUE(stopped("node-1").has_value());
    EXPECT_TRUE(step("node-2").leads);
}

TEST_F(AuditSealer, GivesALateRecordOfAnEarlierTimeALaterPlace) {
    add(2);
    (void)step();
    now_ -= 1s;
    add(1);
    now_ += 1s;
    EXPECT_EQ(step().sealed, 1U);
    const auto report = verify();
    EXPECT_FALSE(report.breach.has_value());
    EXPECT_EQ(report.last, 3);
}

TEST_F(AuditSealer, SealsNothingWithoutAKey) {
    add(1);
    const WordAuditSigner none("");
    const auto outcome = seal(store_, none, now_);
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().kind, ErrorKind::unavailable);
    EXPECT_FALSE(store_.tables.audit.front().sequence.has_value());
}

// Whoever forges the end of the trail must not find it signed by the next step.
TEST_F(AuditSealer, NeverSignsAForgedEnd) {
    add(3);
    (void)step();
    AuditRecord& last = record_of(3);
    last.actor = "cli:mallory";
    last.chain = chain_after(record_of(2).chain, last);
    store_.tables.checkpoints.at(3).chain = last.chain;
    add(1);
    const auto outcome = step();
    EXPECT_TRUE(outcome.began_anew);
    add(1);
    EXPECT_FALSE(step().began_anew);
    const auto report = verify();
    ASSERT_TRUE(report.breach.has_value());
    EXPECT_EQ(report.breach->kind, BreachKind::checkpoint);
    EXPECT_EQ(report.breach->sequence, 3);
}

TEST_F(AuditSealer, NeverSignsRecordsThatWereSealedByAnother) {
    add(3);
    (void)step();
    AuditRecord forged = record_of(3);
    forged.id = AuditId::make(now_);
    forged.sequence = 4;
    forged.chain = chain_after(forged.chain, forged);
    store_.tables.audit.push_back(forged);
    add(1);
    EXPECT_TRUE(step().began_anew);
    EXPECT_EQ(store_.tables.audit.back().sequence, 6);
    const auto report = verify();
    ASSERT_TRUE(report.breach.has_value());
    EXPECT_EQ(report.breach->sequence, 5);
    EXPECT_EQ(report.proven, 3);
}

TEST_F(AuditSealer, RefusesAnImpossibleNumber) {
    add(1);
    (void)step();
    store_.tables.audit.front().sequence = std::numeric_limits<std::int64_t>::max();
    add(1);
    const auto outcome = seal(store_, signer_, now_);
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().code, "audit_trail_broken");
}

TEST_F(AuditSealer, QueuesEachEventOnceForEachUrl) {
    const WebhookSettings webhooks{{"https://a.example/hook", "https://b.example/hook"}, {}};
    add(1, "account.created");
    (void)step();  // before there were webhooks
    add(1, "login");
    EXPECT_EQ(step("node-1", webhooks).queued, 2U);
    EXPECT_EQ(step("node-1", webhooks).queued, 0U);
    ASSERT_EQ(store_.tables.outbox.size(), 2U);
    std::vector<std::string> urls;
    for (const auto& [id, entry] : store_.tables.outbox) {
        EXPECT_EQ(entry.kind, OutboxKind::webhook);
        EXPECT_EQ(entry.topic, "login");
        EXPECT_EQ(entry.due_at, now_);
        EXPECT_EQ(entry.account_id, account_);
        // Whoever is told need not be told what is personal.
        for (const char* personal : {"192.0.2.1", "curl/8", "detail"})
            EXPECT_EQ(entry.payload.find(personal), std::string::npos) << entry.payload;
        urls.push_back(entry.recipient);
    }
    std::ranges::sort(urls);
    EXPECT_EQ(urls, webhooks.urls);
}

TEST_F(AuditSealer, QueuesNothingOfAStepThatFailed) {
    const WebhookSettings webhooks{{"https://a.example/hook"}, {}};
    add(1);
    EXPECT_FALSE(seal(store_, WordAuditSigner(""), now_, webhooks).has_value());
    EXPECT_TRUE(store_.tables.outbox.empty());
}

TEST_F(AuditSealer, QueuesOnlyTheEventsThatAreWanted) {
    const WebhookSettings webhooks{{"https://a.example/hook"}, {"account.created", "account.deleted"}};
    add(1, "account.created");
    add(1, "account.created.not");
    add(1, "login");
    EXPECT_EQ(step("node-1", webhooks).queued, 1U);
}

// Otherwise each failure would queue another for every receiver that is away, without end.
TEST_F(AuditSealer, TellsNoWebhookOfAWebhook) {
    add(1, "webhook.failed");
    EXPECT_EQ(step("node-1", {{"https://a.example/hook"}, {}}).queued, 0U);
    EXPECT_FALSE(verify().breach.has_value());
}

TEST_F(AuditSealer, WritesAnEventAsJson) {
    AuditRecord record;
    record.id = *AuditId::parse("0193a7c0-0000-7000-8000-000000000001");
    record.at = start;
    record.event = "session.ended";
    record.actor = R"(cli:"x")";
    record.session_id = *SessionId::parse("0193a7c0-0000-7000-8000-000000000002");
    record.outcome = "logged_out";
    EXPECT_EQ(write_webhook_body(record),
              R"({"id":"0193a7c0-0000-7000-8000-000000000001","event":"session.ended",)"
              R"("at":"2027-01-15T08:00:00.000Z","actor":"cli:\"x\"","account_id":null,)"
              R"("session_id":"0193a7c0-0000-7000-8000-000000000002","outcome":"logged_out","count":1})");
}

TEST_F(AuditSealer, IsMissedByTheDoctor) {
    const auto diagnose = [this] {
        auto finding = read_and_wait(store_, [&](Reader& reader) { return diagnose_trail(reader, now_); });
        if (!finding.has_value()) throw std::runtime_error(finding.error().message);
        return *finding;
    };
    EXPECT_EQ(diagnose().severity, Severity::ok);
    add(1);
    EXPECT_EQ(diagnose().severity, Severity::ok);
    now_ += limits::audit_seal_lag;
    EXPECT_EQ(diagnose().severity, Severity::warning);
    (void)step();
    EXPECT_EQ(diagnose().severity, Severity::ok);
    EXPECT_NE(diagnose().message.find("up to record 1,"), std::string::npos) << diagnose().message;
}

}  // namespace
}  // namespace postern::core
