// What every engine must tell of the revocations that it learns.
#include <algorithm>

#include "store/test_store.hpp"

namespace postern::store {
namespace {

using core::RevocationReason;
using core::Transaction;
using core::write_and_wait;

class LearntConformance : public StoreTest {};

INSTANTIATE_TEST_SUITE_P(On, LearntConformance, testing::Values("sqlite", "postgresql"), engine_name);

// What a stream of revocations is made from: here before the answer, elsewhere when it arrives, each bit once.
TEST_P(LearntConformance, IsToldOnEveryInstance) {
    auto here = open();
    auto there = open();
    auto key = some_key("key-1", now());
    MUST(write_and_wait(*here, [&](Transaction& transaction) { return transaction.insert_key(key); }));
    struct Heard {
        std::mutex mutex;
        std::vector<core::RevocationChange> changes;
        std::size_t count(core::RevocationChange::Kind kind, const core::ListId& list) {
            const std::lock_guard lock(mutex);
            return static_cast<std::size_t>(std::ranges::count_if(
                changes, [&](const auto& change) { return change.kind == kind && change.list == list; }));
        }
    };
    using Kind = core::RevocationChange::Kind;
    Heard heard_here;
    Heard heard_there;
    const auto listen = [](core::Store& store, Heard& heard) {
        store.on_revocations([&heard](const core::RevocationChange& change) {
            const std::lock_guard lock(heard.mutex);
            heard.changes.push_back(change);
        });
    };
    listen(*here, heard_here);
    listen(*there, heard_there);

    const auto session = add_session(*here, add_account(*here, "ann@example.com").id);
    const auto first = issue(*here, session);
    const auto second = issue(*here, session);
    ASSERT_EQ(first.list, second.list);
    EXPECT_EQ(heard_here.count(Kind::list_opened, first.list), 1U);
    MUST(write_and_wait(*here, [&](Transaction& transaction) {
        return transaction.revoke_slots_of_session(session.id, now(), RevocationReason::logged_out);
    }));
    EXPECT_EQ(heard_here.count(Kind::slots_revoked, first.list), 1U) << "both in one, and before the answer";
    MUST(catch_up(*there));
    EXPECT_EQ(heard_there.count(Kind::list_opened, first.list), 1U);
    EXPECT_EQ(heard_there.count(Kind::slots_revoked, first.list), 1U);

    key.state = core::KeyState::revoked;
    key.revoked_at = now();
    EXPECT_TRUE(MUST(write_and_wait(*here, [&](Transaction& transaction) { return transaction.update_key(key); })));
    EXPECT_EQ(heard_here.count(Kind::list_revoked, first.list), 1U);
    MUST(catch_up(*there));
    EXPECT_EQ(heard_there.count(Kind::list_revoked, first.list), 1U);
    MUST(catch_up(*here));
    MUST(catch_up(*there));
    for (auto* heard : {&heard_here, &heard_there}) {
        EXPECT_EQ(heard->count(Kind::list_opened, first.list), 1U);
        EXPECT_EQ(heard->count(Kind::list_revoked, first.list), 1U);
        EXPECT_EQ(heard->count(Kind::slots_revoked, first.list), 1U);
        const std::lock_guard lock(heard->mutex);
        const auto revoked = std::ranges::find(heard->changes, Kind::slots_revoked, &core::RevocationChange::kind);
        auto slots = revoked->slots;
        std::ranges::sort(slots);
        EXPECT_EQ(slots, (std::vector<std::uint32_t>{first.index, second.index}));
    }
    for (const auto& store : {&here, &there}) {
        const auto published = (*store)->revocations().publish(first.list).value();
        EXPECT_TRUE(published.revoked);
        EXPECT_EQ(published.kid, "key-1");
        (*store)->on_revocations({});
    }
}

}  // namespace
}  // namespace postern::store
