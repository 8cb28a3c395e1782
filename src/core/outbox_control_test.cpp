#include "core/outbox_control.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "core/testing.hpp"

namespace postern::core {
namespace {

using namespace std::chrono_literals;

class OutboxControl : public ::testing::Test {
protected:
    OutboxId add(OutboxState state, Timestamp due_at, std::int64_t attempts) {
        const OutboxEntry entry{.id = OutboxId::make(clock.now()),
                                .kind = OutboxKind::mail,
                                .topic = "invitation",
                                .recipient = "ada@example.org",
                                .payload = "{}",
                                .created_at = clock.now(),
                                .due_at = due_at,
                                .attempts = attempts,
                                .state = state,
                                .finished_at = state == OutboxState::pending ? std::nullopt : std::optional(due_at)};
        store.tables.outbox.emplace(entry.id, entry);
        return entry.id;
    }
    Result<OutboxEntry> retry(const OutboxId& id) {
        return write_and_wait(store,
                              [&](Transaction& t) { return retry_outbox(t, id, testing::actor(), clock.now()); });
    }
    std::string remove(const OutboxId& id) {
        const auto removed =
            write_and_wait(store, [&](Transaction& t) { return delete_outbox(t, id, testing::actor(), clock.now()); });
        return removed.has_value() ? "done" : removed.error().code;
    }

    FakeClock clock;
    MemoryStore store{clock.now()};
};

TEST_F(OutboxControl, WhatWasGivenUpBeginsAnew) {
    const auto id = add(OutboxState::failed, clock.now() - 1h, limits::delivery_attempts);
    ASSERT_TRUE(retry(id).has_value());
    const OutboxEntry& entry = store.tables.outbox.at(id);
    EXPECT_EQ(entry.state, OutboxState::pending);
    EXPECT_EQ(entry.due_at, clock.now());
    EXPECT_EQ(entry.attempts, 0);
    EXPECT_FALSE(entry.finished_at.has_value());
    EXPECT_EQ(store.tables.audit.back().event, "outbox.retried");
}

TEST_F(OutboxControl, WhatWaitsLongIsDueNowAndKeepsItsAttempts) {
    const auto id = add(OutboxState::pending, clock.now() + 1h, 7);
    ASSERT_TRUE(retry(id).has_value());
    EXPECT_EQ(store.tables.outbox.at(id).due_at, clock.now());
    EXPECT_EQ(store.tables.outbox.at(id).attempts, 7);
}

TEST_F(OutboxControl, WhatMayBeOnItsWayIsNotSentTwice) {
    const Timestamp lease = clock.now() + limits::delivery_time_longest;
    const auto id = add(OutboxState::pending, lease, 1);
    ASSERT_TRUE(retry(id).has_value());
    EXPECT_EQ(store.tables.outbox.at(id).due_at, lease);
    EXPECT_TRUE(store.tables.audit.empty());
}

TEST_F(OutboxControl, WhatWasSentStaysSent) {
    EXPECT_EQ(retry(add(OutboxState::sent, clock.now(), 1)).error().code, "already_sent");
}

TEST_F(OutboxControl, DeletesOnceAndKnowsWhatIsUnknown) {
    const auto id = add(OutboxState::pending, clock.now(), 0);
    EXPECT_EQ(remove(id), "done");
    EXPECT_TRUE(store.tables.outbox.empty());
    EXPECT_EQ(store.tables.audit.back().event, "outbox.deleted");
    EXPECT_EQ(remove(id), "outbox_unknown");
    EXPECT_EQ(retry(id).error().code, "outbox_unknown");
}

}  // namespace
}  // namespace postern::core
