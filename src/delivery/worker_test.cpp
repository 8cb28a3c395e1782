#include "delivery/worker.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <set>

#include "base/limits.hpp"
#include "core/memory_store.hpp"

namespace postern::delivery {
namespace {

using namespace std::chrono_literals;
using core::OutboxEntry;
using core::OutboxKind;
using core::OutboxState;

// A store that can be told to fail at writing down.
class FlakyStore final : public core::Store {
public:
    explicit FlakyStore(Timestamp now) : memory(now) {}
    void read(ReadWork work, Done done) override { memory.read(std::move(work), std::move(done)); }
    void write(WriteWork work, Done done) override {
        if (fails.load() && writes++ > 0) return done(unavailable("The store cannot be reached"));
        memory.write(std::move(work), std::move(done));
    }
    void catch_up(Done done) override { done({}); }
    [[nodiscard]] const core::Revocations& revocations() const noexcept override { return memory; }
    void on_keys_changed(std::function<void()>) override {}
    void on_clients_changed(std::function<void()>) override {}
    void on_revocations(std::function<void(const core::RevocationChange&)>) override {}
    [[nodiscard]] core::StoreFigures figures() const override { return {}; }
    std::vector<core::Finding> diagnose() override { return {}; }

    core::MemoryStore memory;
    std::atomic<bool> fails = false;  // every write but the first, which is the claim
    int writes = 0;
};

class WorkerTest : public testing::Test {
protected:
    struct Script final : Sender {
        explicit Script(WorkerTest& owner) : test(owner) {}
        Attempt begin(const OutboxEntry& entry) override {
            ++test.begun;
            return test.answer(entry);
        }
        WorkerTest& test;
    };

    core::OutboxId queue(OutboxKind kind = OutboxKind::mail) {
        OutboxEntry entry;
        entry.id = core::OutboxId::make(clock.now());
        entry.kind = kind;
        entry.topic = "verify_email";
        entry.recipient = "ann@example.com";
        entry.payload = "{}";
        entry.created_at = entry.due_at = clock.now();
        store.memory.tables.outbox.emplace(entry.id, entry);
        return entry.id;
    }

    // Lets a worker run until `enough`, or for five seconds; then it has ended.
    void run_until(const std::function<bool(const WorkerFigures&)>& enough, Milliseconds patience = 0ms) {
        Worker worker(
            {.kind = OutboxKind::mail, .at_once = 1, .attempt_time = 30s, .retry_time = 5s, .patience = patience},
            std::make_unique<Script>(*this), store, clock);
        worker.start();
        for (int i = 0; i < 1000 && !enough(worker.figures()); ++i) std::this_thread::sleep_for(5ms);
    }

    [[nodiscard]] const OutboxEntry& entry(const core::OutboxId& id) const { return store.memory.tables.outbox.at(id); }
    [[nodiscard]] std::size_t audited(const std::string& event) const {
        return static_cast<std::size_t>(
            std::ranges::count(store.memory.tables.audit, event, &core::AuditRecord::event));
    }

    FakeClock clock;
    FlakyStore store{clock.now()};
    std::function<Outcome(const OutboxEntry&)> answer = [](const OutboxEntry&) { return Outcome{}; };
    std::atomic<int> begun = 0;
};

TEST_F(WorkerTest, SendsEachEntryOnce) {
    const auto first = queue();
    const auto second = queue();
    run_until([](const auto& figures) { return figures.sent == 2; });
    run_until([](const auto&) { return true; });
    EXPECT_EQ(begun, 2);
    EXPECT_EQ(entry(first).state, OutboxState::sent);
    EXPECT_EQ(entry(second).finished_at, clock.now());
}

TEST_F(WorkerTest, LeavesTheOtherKindAlone) {
    const auto webhook = queue(OutboxKind::webhook);
    queue();
    run_until([](const auto& figures) { return figures.sent == 1; });
    EXPECT_EQ(entry(webhook).state, OutboxState::pending);
    EXPECT_EQ(entry(webhook).attempts, 0);
}

TEST_F(WorkerTest, TriesAgainLaterAndSaysWhy) {
    const auto id = queue();
    answer = [](const OutboxEntry&) { return Outcome{Outcome::Kind::retry, "no\r\nconnection"}; };
    run_until([](const auto& figures) { return figures.retried == 1; });
    EXPECT_EQ(entry(id).state, OutboxState::pending);
    EXPECT_EQ(entry(id).last_error, "no??connection");
    EXPECT_GE(entry(id).due_at, clock.now());
    EXPECT_LE(entry(id).due_at, clock.now() + 7s);
    EXPECT_EQ(audited("mail.failed"), 0U);
}

TEST_F(WorkerTest, FailsAtOnceWhenItIsRefused) {
    const auto id = queue();
    answer = [](const OutboxEntry&) { return Outcome{Outcome::Kind::refused, "550 no such mailbox"}; };
    run_until([](const auto& figures) { return figures.failed == 1; });
    EXPECT_EQ(entry(id).state, OutboxState::failed);
    EXPECT_EQ(audited("mail.failed"), 1U);
}

TEST_F(WorkerTest, GivesUpAfterTheLastAttempt) {
    const auto id = queue();
    store.memory.tables.outbox.at(id).attempts = limits::delivery_attempts - 1;
    answer = [](const OutboxEntry&) { return Outcome{Outcome::Kind::retry, "no connection"}; };
    run_until([](const auto& figures) { return figures.failed == 1; });
    EXPECT_EQ(entry(id).state, OutboxState::failed);
    EXPECT_EQ(audited("mail.failed"), 1U);
}

TEST_F(WorkerTest, DropsWhatHasNoPointAnyMore) {
    const auto id = queue();
    answer = [](const OutboxEntry&) { return Outcome{Outcome::Kind::pointless, "The link was used"}; };
    run_until([this](const auto&) { return begun > 0; });
    EXPECT_FALSE(store.memory.tables.outbox.contains(id));
    EXPECT_EQ(audited("mail.failed"), 0U);
}

TEST_F(WorkerTest, NeverSendsAgainWhatWasSentButCouldNotBeWrittenDown) {
    const auto id = queue();
    queue();
    std::atomic<int> sent = 0;
    answer = [&](const OutboxEntry&) {
        ++sent;
        return Outcome{};
    };
    store.fails = true;
    {
        Worker worker({.kind = OutboxKind::mail, .at_once = 1, .attempt_time = 30s, .retry_time = 5s, .patience = 0ms},
                      std::make_unique<Script>(*this), store, clock);
        worker.start();
        for (int i = 0; i < 1000 && sent == 0; ++i) std::this_thread::sleep_for(5ms);
        clock.advance(1h);  // the lease has run out
        worker.wake();
        std::this_thread::sleep_for(50ms);
        EXPECT_EQ(sent, 1);  // nor anything else, until that is written down
        store.fails = false;
        worker.wake();
        for (int i = 0; i < 1000 && worker.figures().sent < 2; ++i) std::this_thread::sleep_for(5ms);
    }
    EXPECT_EQ(sent, 2);
    EXPECT_EQ(entry(id).state, OutboxState::sent);
}

TEST_F(WorkerTest, LetsMailThatIsOffWaitForAWhile) {
    const auto id = queue();
    run_until([](const auto&) { return true; }, 48h);
    EXPECT_EQ(entry(id).attempts, 0);
    clock.advance(49h);
    answer = [](const OutboxEntry&) { return Outcome{Outcome::Kind::refused, "off"}; };
    run_until([](const auto& figures) { return figures.failed == 1; }, 48h);
    EXPECT_EQ(entry(id).state, OutboxState::failed);
}

TEST(WorkerPause, DoublesUpToTheLongestAndVaries) {
    EXPECT_GE(pause_after(1, 5s), 3750ms);
    EXPECT_LE(pause_after(1, 5s), 6250ms);
    EXPECT_GE(pause_after(3, 5s), 15s);
    EXPECT_LE(pause_after(3, 5s), 25s);
    EXPECT_LE(pause_after(1000, 5s), Milliseconds(limits::delivery_retry_time_longest) * 5 / 4);
    EXPECT_GE(pause_after(1000, 5s), Milliseconds(limits::delivery_retry_time_longest) * 3 / 4);
    std::set<Milliseconds> pauses;
    for (int i = 0; i < 100; ++i) pauses.insert(pause_after(1, 5s));
    EXPECT_GT(pauses.size(), 10U);
}

}  // namespace
}  // namespace postern::delivery
