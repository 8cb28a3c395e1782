// What every engine must do with revocations, transactions and other instances on the same database.
#include <atomic>
#include <future>
#include <set>

#include "store/sweep.hpp"
#include "store/test_store.hpp"

namespace postern::store {
namespace {

using core::read_and_wait;
using core::Reader;
using core::RevocationReason;
using core::SlotState;
using core::Transaction;
using core::write_and_wait;

class RevocationConformance : public StoreTest {};

INSTANTIATE_TEST_SUITE_P(On, RevocationConformance, testing::Values("sqlite", "postgresql"), engine_name);

TEST_P(RevocationConformance, FlipsTheBitBeforeItAnswers) {
    auto store = open();
    const auto session = add_session(*store, add_account(*store, "ann@example.com").id);
    const auto ref = issue(*store, session);
    const auto other = issue(*store, session);
    EXPECT_EQ(store->revocations().state(ref), SlotState::live);

    std::promise<std::pair<Result<void>, SlotState>> answered;
    store->write(
        [&](Transaction& transaction) -> Result<void> {
            TRY(transaction.revoke_slot(ref, now(), RevocationReason::token_revoked));
            EXPECT_EQ(store->revocations().state(ref), SlotState::live) << "flipped before the commit";
            return {};
        },
        [&](Result<void> result) {
            answered.set_value({std::move(result), store->revocations().state(ref)});
        });
    const auto [result, state] = answered.get_future().get();
    EXPECT_TRUE(result.has_value());
    EXPECT_EQ(state, SlotState::revoked);
    EXPECT_EQ(store->revocations().state(other), SlotState::live);
    EXPECT_FALSE(revoke(*store, ref)) << "revoked already";
    const auto slot = MUST(read_and_wait(*store, [&](Reader& reader) { return reader.find_slot(ref); }));
    EXPECT_EQ(slot.value().revoked_at, now());
    EXPECT_EQ(slot.value().revoke_reason, core::word(RevocationReason::token_revoked));
}

TEST_P(RevocationConformance, RevokesAllOfASession) {
    auto store = open();
    const auto account = add_account(*store, "ann@example.com");
    const auto first = add_session(*store, account.id);
    const auto second = add_session(*store, account.id);
    const auto stranger = add_session(*store, add_account(*store, "bob@example.com").id);
    const auto first_a = issue(*store, first);
    const auto first_b = issue(*store, first);
    const auto second_a = issue(*store, second);
    const auto not_concerned = issue(*store, stranger);
    EXPECT_EQ(MUST(write_and_wait(*store,
                                  [&](Transaction& transaction) {
                                      return transaction.revoke_slots_of_session(first.id, now(),
                                                                                 RevocationReason::session_revoked);
                                  })),
              2U);
    EXPECT_EQ(store->revocations().state(first_a), SlotState::revoked);
    EXPECT_EQ(store->revocations().state(first_b), SlotState::revoked);
    EXPECT_EQ(store->revocations().state(second_a), SlotState::live);
    EXPECT_EQ(store->revocations().state(not_concerned), SlotState::live);
}

TEST_P(RevocationConformance, KnowsNothingOfStrangeSlots) {
    auto store = open();
    const auto ref = issue(*store, add_session(*store, add_account(*store, "ann@example.com").id));
    EXPECT_EQ(store->revocations().state({core::ListId::make(now()), 0}), SlotState::unknown);
    EXPECT_EQ(store->revocations().state({ref.list, limits::list_slots}), SlotState::unknown);
    EXPECT_FALSE(revoke(*store, {core::ListId::make(now()), 0}));
}

TEST_P(RevocationConformance, CommitsTheListBeforeItsFirstSlot) {
    auto store = open();
    const auto session = add_session(*store, add_account(*store, "ann@example.com").id);
    std::optional<core::SlotRef> given;
    auto failed = write_and_wait(*store, [&](Transaction& transaction) -> Result<void> {
        given = TRY(transaction.reserve_slot("key-1", now()));
        return conflict("changed_my_mind", "rolled back");
    });
    EXPECT_EQ(failed.error().code, "changed_my_mind");
    ASSERT_TRUE(given.has_value());
    // The work was rolled back, the list was not: another instance knows it.
    auto other = open();
    EXPECT_EQ(other->revocations().state(*given), SlotState::live);
    EXPECT_FALSE(issue(*store, session) == *given) << "a slot is never given twice, also after a rollback";
}

TEST_P(RevocationConformance, RebuildsListsAndBitsAndNeverResumesAList) {
    core::SlotRef live;
    core::SlotRef revoked;
    core::Session session;
    {
        auto store = open();
        session = add_session(*store, add_account(*store, "ann@example.com").id);
        live = issue(*store, session);
        revoked = issue(*store, session);
        revoke(*store, revoked);
    }
    auto store = open();
    EXPECT_TRUE(store->revocations().is_fresh());
    EXPECT_EQ(store->revocations().state(live), SlotState::live);
    EXPECT_EQ(store->revocations().state(revoked), SlotState::revoked);
    EXPECT_FALSE(issue(*store, session).list == live.list);
}

TEST_P(RevocationConformance, CatchesUpWithAnotherInstance) {
    auto here = open();
    auto there = open();
    const auto session = add_session(*here, add_account(*here, "ann@example.com").id);
    for (int round = 0; round < 20; ++round) {
        const auto ref = issue(*here, session);
        MUST(catch_up(*there));
        ASSERT_EQ(there->revocations().state(ref), SlotState::live) << round;
        revoke(*here, ref);
        MUST(catch_up(*there));
        ASSERT_EQ(there->revocations().state(ref), SlotState::revoked) << round;
        EXPECT_TRUE(there->revocations().is_fresh());
    }
}

TEST_P(RevocationConformance, HearsOfAnotherInstanceUnasked) {
    auto here = open();
    auto there = open();
    const auto ref = issue(*here, add_session(*here, add_account(*here, "ann@example.com").id));
    EXPECT_TRUE(soon([&] { return there->revocations().state(ref) == SlotState::live; }));
    const auto began = std::chrono::steady_clock::now();
    revoke(*here, ref);
    EXPECT_TRUE(soon([&] { return there->revocations().state(ref) == SlotState::revoked; }));
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(2));
    EXPECT_TRUE(there->revocations().is_fresh());
}

TEST_P(RevocationConformance, HonoursACommandBesideTheServer) {
    auto server = open();
    const auto account = add_account(*server, "ann@example.com");
    const auto session = add_session(*server, account.id);
    const auto ref = issue(*server, session);
    {
        auto command = open(false);
        EXPECT_EQ(command->revocations().state(ref), SlotState::live);
        MUST(write_and_wait(*command, [&](Transaction& transaction) {
            return transaction.revoke_slots_of_session(session.id, now(), RevocationReason::account_disabled);
        }));
        EXPECT_EQ(command->revocations().state(ref), SlotState::revoked);
        MUST(catch_up(*command));
    }
    EXPECT_TRUE(soon([&] { return server->revocations().state(ref) == SlotState::revoked; }));
}

TEST_P(RevocationConformance, DropsAListOnceItsWindowHasPassed) {
    auto store = open();
    const auto ref = issue(*store, add_session(*store, add_account(*store, "ann@example.com").id));
    EXPECT_EQ(store->figures().lists, 1);
    clock_.advance(2 * options_.access_token_life + limits::clock_leeway + std::chrono::minutes(1));
    EXPECT_TRUE(soon([&] { return store->revocations().state(ref) == SlotState::unknown; }));
}

TEST_P(RevocationConformance, RevokesEveryTokenOfARevokedKey) {
    auto here = open();
    auto there = open();
    auto key = some_key("key-1", now());
    MUST(write_and_wait(*here, [&](Transaction& transaction) { return transaction.insert_key(key); }));
    const auto session = add_session(*here, add_account(*here, "ann@example.com").id);
    const auto ref = issue(*here, session, "key-1");
    const auto of_another_key = issue(*here, session, "key-2");
    key.state = core::KeyState::revoked;
    key.revoked_at = now();
    EXPECT_TRUE(MUST(write_and_wait(*here, [&](Transaction& transaction) { return transaction.update_key(key); })));
    EXPECT_EQ(here->revocations().state(ref), SlotState::revoked);
    EXPECT_EQ(here->revocations().state(of_another_key), SlotState::live);
    MUST(catch_up(*there));
    EXPECT_EQ(there->revocations().state(ref), SlotState::revoked);
    EXPECT_EQ(open()->revocations().state(ref), SlotState::revoked);
}

TEST_P(RevocationConformance, RevokesAListThatIsOpenedForARevokedKey) {
    auto here = open();
    auto there = open();
    auto key = some_key("key-1", now());
    MUST(write_and_wait(*here, [&](Transaction& transaction) { return transaction.insert_key(key); }));
    const auto session = add_session(*here, add_account(*here, "ann@example.com").id);
    key.state = core::KeyState::revoked;
    key.revoked_at = now();
    EXPECT_TRUE(MUST(write_and_wait(*here, [&](Transaction& transaction) { return transaction.update_key(key); })));
    const auto ref = issue(*there, session, "key-1");  // it has not heard of it yet
    EXPECT_EQ(there->revocations().state(ref), SlotState::revoked);
    MUST(catch_up(*here));
    EXPECT_EQ(here->revocations().state(ref), SlotState::revoked);
}

// Whoever asks for a revocation that another instance has just made is answered once it holds here too.
TEST_P(RevocationConformance, KnowsItselfWhatItSaysWasRevokedElsewhere) {
    auto here = open();
    auto there = open();
    const auto end = [&](core::Store& store, const core::Session& session) {
        return MUST(write_and_wait(store, [&](Transaction& transaction) -> Result<bool> {
            const bool ended = TRY(transaction.end_session(session.id, now(), RevocationReason::session_revoked));
            TRY(transaction.revoke_slots_of_session(session.id, now(), RevocationReason::session_revoked));
            return ended;
        }));
    };
    const auto account = add_account(*here, "ann@example.com");
    for (int i = 0; i < 50; ++i) {
        const auto session = add_session(*here, account.id);
        const auto ref = issue(*here, session);
        MUST(catch_up(*there));
        ASSERT_EQ(there->revocations().state(ref), SlotState::live);
        if (i % 2 == 0) {
            EXPECT_TRUE(revoke(*here, ref));
            EXPECT_FALSE(revoke(*there, ref)) << "it is revoked already";
        } else {
            EXPECT_TRUE(end(*here, session));
            EXPECT_FALSE(end(*there, session));
        }
        ASSERT_EQ(there->revocations().state(ref), SlotState::revoked) << i;
    }
}

TEST_P(RevocationConformance, TellsEveryInstanceThatTheKeysChanged) {
    auto here = open();
    auto there = open();
    std::atomic<int> heard_here = 0;
    std::atomic<int> heard_there = 0;
    here->on_keys_changed([&] { ++heard_here; });
    there->on_keys_changed([&] { ++heard_there; });
    add_account(*here, "ann@example.com");
    MUST(catch_up(*there));
    EXPECT_EQ(heard_here + heard_there, 0) << "an account is no key";
    MUST(write_and_wait(*here, [&](Transaction& transaction) { return transaction.insert_key(some_key("k", now())); }));
    EXPECT_TRUE(soon([&] { return heard_here > 0 && heard_there > 0; }));
    here->on_keys_changed({});
    there->on_keys_changed({});
}

TEST_P(RevocationConformance, KeepsNothingOfAWorkThatFails) {
    auto store = open();
    const auto session = add_session(*store, add_account(*store, "ann@example.com").id);
    const auto ref = issue(*store, session);
    // All at once, so that an engine with batches puts good and bad into the same.
    std::vector<std::future<Result<void>>> answers;
    for (int i = 0; i < 30; ++i) {
        auto answer = std::make_shared<std::promise<Result<void>>>();
        answers.push_back(answer->get_future());
        store->write(
            [&, i](Transaction& transaction) -> Result<void> {
                TRY(transaction.insert_account(some_account(std::to_string(i) + "@example.com", now())));
                if (i % 3 == 0) return {};
                TRY(transaction.revoke_slot(ref, now(), RevocationReason::token_revoked));
                if (i % 3 == 1) return conflict("no", "no");
                throw std::runtime_error("a bug");
            },
            [answer](Result<void> result) { answer->set_value(std::move(result)); });
    }
    const std::array<std::string, 3> codes{"", "no", "internal_error"};
    for (std::size_t i = 0; i < answers.size(); ++i) {
        const auto result = answers[i].get();
        EXPECT_EQ(result.has_value(), i % 3 == 0) << i;
        EXPECT_EQ(result.has_value() ? "" : result.error().code, codes[i % 3]) << i;
        const auto found = MUST(read_and_wait(
            *store, [&](Reader& reader) { return reader.find_account_by_email(std::to_string(i) + "@example.com"); }));
        EXPECT_EQ(found.has_value(), i % 3 == 0) << i;
    }
    EXPECT_EQ(store->revocations().state(ref), SlotState::live);
    MUST(catch_up(*store));
    EXPECT_EQ(store->revocations().state(ref), SlotState::live);
}

TEST_P(RevocationConformance, GivesEverySlotOnceUnderLoad) {
    auto store = open();
    const auto session = add_session(*store, add_account(*store, "ann@example.com").id);
    std::mutex mutex;
    std::set<std::pair<core::ListId, std::uint32_t>> given;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 50; ++i) {
                const auto ref = issue(*store, session);
                const std::lock_guard lock(mutex);
                EXPECT_TRUE(given.emplace(ref.list, ref.index).second);
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(given.size(), 200U);
}

TEST_P(RevocationConformance, LetsOneOfManyAdvanceASession) {
    std::vector<std::unique_ptr<core::Store>> stores;
    stores.push_back(open());
    stores.push_back(open());
    const auto session = add_session(*stores[0], add_account(*stores[0], "ann@example.com").id);
    for (std::int64_t counter = 1; counter <= 5; ++counter) {
        std::atomic<int> won = 0;
        std::vector<std::thread> threads;
        for (std::size_t t = 0; t < 8; ++t) {
            threads.emplace_back([&, t] {
                const bool advanced = MUST(write_and_wait(*stores[t % 2], [&](Transaction& transaction) {
                    return transaction.advance_session(session.id, counter, now(), now() + session.idle_time);
                }));
                if (advanced) ++won;
            });
        }
        for (auto& thread : threads) thread.join();
        EXPECT_EQ(won, 1) << counter;
    }
    const auto found = MUST(read_and_wait(*stores[1], [&](Reader& reader) { return reader.find_session(session.id); }));
    EXPECT_EQ(found->counter, 6);
}

TEST_P(RevocationConformance, RefusesWorkPastTheBoundOfItsQueue) {
    auto store = open();
    std::promise<void> gate;
    auto opened = gate.get_future().share();
    std::atomic<int> overloaded = 0;
    std::atomic<int> finished = 0;
    // Enough for a batch of every thread of either engine, for the queue, and for some more.
    constexpr int surplus = 1000;
    const int pieces = static_cast<int>(limits::store_queue_entries) + surplus;
    for (int i = 0; i < pieces; ++i) {
        store->write(
            [opened](Transaction&) -> Result<void> {
                opened.wait();
                return {};
            },
            [&](Result<void> result) {
                if (!result.has_value() && result.error().kind == ErrorKind::overloaded) ++overloaded;
                ++finished;
            });
    }
    EXPECT_GT(overloaded, 0);
    EXPECT_LE(overloaded, surplus);
    gate.set_value();
    EXPECT_TRUE(soon([&] { return finished == pieces; }));
    add_account(*store, "ann@example.com");
}

TEST_P(RevocationConformance, FinishesWhatIsQueuedWhenItCloses) {
    std::atomic<int> committed = 0;
    {
        auto store = open();
        for (int i = 0; i < 100; ++i) {
            store->write(
                [&, i](Transaction& transaction) {
                    return transaction.insert_account(some_account(std::to_string(i) + "@example.com", now()));
                },
                [&](Result<void> result) { committed += result.has_value() ? 1 : 0; });
        }
    }
    EXPECT_EQ(committed, 100);
    auto store = open();
    EXPECT_EQ(
        MUST(read_and_wait(*store, [](Reader& reader) { return reader.list_accounts(std::nullopt, 1000); })).size(),
        100U);
}

TEST_P(RevocationConformance, SaysHowItIs) {
    auto store = open();
    issue(*store, add_session(*store, add_account(*store, "ann@example.com").id));
    const auto figures = store->figures();
    EXPECT_GE(figures.commits, 3);
    EXPECT_GE(figures.writes, 3);
    EXPECT_EQ(figures.lists, 1);
    EXPECT_GT(figures.bitmap_bytes, limits::list_slots / 8 - 1);
    EXPECT_LT(figures.feed_age_seconds, 2.0);
    EXPECT_TRUE(soon([&] { return !store->figures().tables.empty(); }));
    const auto findings = store->diagnose();
    EXPECT_FALSE(findings.empty());
    for (const auto& finding : findings) {
        EXPECT_NE(finding.severity, core::Severity::problem) << finding.subject << ": " << finding.message;
    }
}

}  // namespace
}  // namespace postern::store
