// What every engine must do with the audit chain, leases, and what the throttle remembers.
#include <atomic>

#include "store/test_store.hpp"

namespace postern::store {
namespace {

using core::AuditFilter;
using core::read_and_wait;
using core::Reader;
using core::Transaction;
using core::write_and_wait;
using std::chrono::seconds;

class AuditConformance : public StoreTest {
protected:
    core::AuditRecord next_record(std::optional<core::AccountId> account, const std::string& event) {
        clock_.advance(Milliseconds(1));
        auto record = some_audit(now());
        record.account_id = account;
        record.event = event;
        return record;
    }
    void insert(core::Store& store, const core::AuditRecord& record) {
        MUST(write_and_wait(store, [&](Transaction& transaction) { return transaction.insert_audit(record); }));
    }
    static std::vector<core::AuditId> ids_of(const std::vector<core::AuditRecord>& records) {
        std::vector<core::AuditId> ids;
        for (const auto& record : records) ids.push_back(record.id);
        return ids;
    }
    static bool seal(core::Store& store, const core::AuditId& id, std::int64_t sequence) {
        return MUST(write_and_wait(store, [&](Transaction& transaction) {
            return transaction.seal_audit(id, sequence, {static_cast<std::uint8_t>(sequence), 0});
        }));
    }
    static bool take_lease(core::Store& store, const std::string& holder, Timestamp at, Timestamp until) {
        return MUST(write_and_wait(
            store, [&](Transaction& transaction) { return transaction.take_lease("seal", holder, at, until); }));
    }
};

using Ids = std::vector<core::AuditId>;

INSTANTIATE_TEST_SUITE_P(On, AuditConformance, testing::Values("sqlite", "postgresql"), engine_name);

TEST_P(AuditConformance, KeepsARecordAsItWasGiven) {
    auto store = open();
    auto record = next_record(core::AccountId::make(now()), "login");
    record.session_id = core::SessionId::make(now());
    record.address = "192.0.2.7";
    record.user_agent = "curl/8";
    record.detail = "ann@example.com";
    record.count = 12;
    record.salt = {0, 1};
    record.personal_digest = {2, 255};
    insert(*store, record);
    const auto found =
        MUST(read_and_wait(*store, [](Reader& reader) { return reader.list_audit(std::nullopt, 1); })).at(0);
    EXPECT_EQ(found.id, record.id);
    EXPECT_EQ(found.at, record.at);
    EXPECT_EQ(found.account_id, record.account_id);
    EXPECT_EQ(found.session_id, record.session_id);
    EXPECT_EQ(found.address, record.address);
    EXPECT_EQ(found.user_agent, record.user_agent);
    EXPECT_EQ(found.detail, record.detail);
    EXPECT_EQ(found.count, 12);
    EXPECT_EQ(found.salt, record.salt);
    EXPECT_EQ(found.personal_digest, record.personal_digest);
    EXPECT_FALSE(found.sequence.has_value());
    EXPECT_TRUE(found.chain.empty());
}

TEST_P(AuditConformance, GivesARecordItsPlaceInTheChainOnce) {
    auto store = open();
    const auto first = next_record(std::nullopt, "login");
    const auto second = next_record(std::nullopt, "login");
    const auto third = next_record(std::nullopt, "login");
    for (const auto& record : {first, second, third}) insert(*store, record);
    const auto unsealed = [&](std::size_t limit, std::optional<core::AuditId> after = std::nullopt) {
        return ids_of(
            MUST(read_and_wait(*store, [&](Reader& reader) { return reader.list_unsealed_audit(after, limit); })));
    };
    EXPECT_EQ(unsealed(2), (Ids{first.id, second.id}));
    EXPECT_EQ(unsealed(2, first.id), (Ids{second.id, third.id}));
    EXPECT_TRUE(seal(*store, second.id, 1));
    EXPECT_TRUE(seal(*store, first.id, 2));
    EXPECT_FALSE(seal(*store, first.id, 3)) << "its place is final";
    EXPECT_FALSE(seal(*store, core::AuditId::make(now()), 3));
    EXPECT_EQ(write_and_wait(*store, [&](Transaction& transaction) { return transaction.seal_audit(third.id, 2, {1}); })
                  .error()
                  .kind,
              ErrorKind::conflict)
        << "a place for two";
    EXPECT_EQ(unsealed(10), Ids{third.id});
    const auto sealed = [&](std::int64_t from, std::size_t limit) {
        return MUST(read_and_wait(*store, [&](Reader& reader) { return reader.list_sealed_audit(from, limit); }));
    };
    EXPECT_EQ(ids_of(sealed(0, 10)), (Ids{second.id, first.id}));
    EXPECT_EQ(ids_of(sealed(0, 1)), Ids{second.id});
    EXPECT_EQ(ids_of(sealed(2, 10)), Ids{first.id});
    EXPECT_EQ(sealed(2, 1).at(0).sequence, 2);
    EXPECT_EQ(sealed(2, 1).at(0).chain, (Blob{2, 0}));
}

TEST_P(AuditConformance, SearchesNewestFirst) {
    auto store = open();
    const auto ann = core::AccountId::make(now());
    Ids ids;
    for (const auto& [account, event] :
         std::vector<std::pair<std::optional<core::AccountId>, std::string>>{{ann, "login"},
                                                                             {std::nullopt, "login"},
                                                                             {ann, "login.refused"},
                                                                             {ann, "login"},
                                                                             {std::nullopt, "key.rotated"}}) {
        const auto record = next_record(account, event);
        insert(*store, record);
        ids.push_back(record.id);
    }
    const auto search = [&](const AuditFilter& filter, std::optional<core::AuditId> before = std::nullopt,
                            std::size_t limit = 10) {
        return ids_of(
            MUST(read_and_wait(*store, [&](Reader& reader) { return reader.search_audit(filter, before, limit); })));
    };
    EXPECT_EQ(search({}), (Ids{ids[4], ids[3], ids[2], ids[1], ids[0]}));
    EXPECT_EQ(search({}, ids[3], 2), (Ids{ids[2], ids[1]}));
    EXPECT_EQ(search({.account = ann, .event = {}}), (Ids{ids[3], ids[2], ids[0]}));
    EXPECT_EQ(search({.account = ann, .event = "login"}, ids[3]), Ids{ids[0]});
    EXPECT_EQ(search({.account = {}, .event = "login"}), (Ids{ids[3], ids[1], ids[0]}));
    EXPECT_EQ(search({.account = {}, .event = "log"}), Ids());
}

TEST_P(AuditConformance, KeepsCheckpoints) {
    auto store = open();
    const auto last = [&] {
        return MUST(read_and_wait(*store, [](Reader& reader) { return reader.find_last_audit_checkpoint(); }));
    };
    EXPECT_FALSE(last().has_value());
    for (const std::int64_t sequence : {10, 30, 20}) {
        MUST(write_and_wait(*store, [&](Transaction& transaction) {
            return transaction.insert_audit_checkpoint({sequence, {0, 1}, now(), "kid", {2, 255}});
        }));
    }
    EXPECT_EQ(last().value().sequence, 30);
    const auto from = [&](std::int64_t first, std::size_t limit) {
        return MUST(read_and_wait(*store, [&](Reader& reader) { return reader.list_audit_checkpoints(first, limit); }));
    };
    ASSERT_EQ(from(11, 10).size(), 2U);
    EXPECT_EQ(from(11, 1).at(0).sequence, 20);
    const auto found = from(0, 1).at(0);
    EXPECT_EQ(found.sequence, 10);
    EXPECT_EQ(found.chain, (Blob{0, 1}));
    EXPECT_EQ(found.at, now());
    EXPECT_EQ(found.kid, "kid");
    EXPECT_EQ(found.signature, (Blob{2, 255}));
}

TEST_P(AuditConformance, ErasesWhatIsPersonalAndNothingElse) {
    auto store = open();
    const auto ann = core::AccountId::make(now());
    for (const auto& account : {ann, core::AccountId::make(now())}) {
        auto record = next_record(account, "login");
        record.address = "192.0.2.7";
        record.user_agent = "curl/8";
        record.detail = "ann@example.com";
        record.salt = {1};
        record.personal_digest = {2};
        insert(*store, record);
        seal(*store, record.id, account == ann ? 1 : 2);
    }
    EXPECT_EQ(MUST(write_and_wait(*store, [&](Transaction& transaction) { return transaction.erase_audit(ann); })), 1U);
    const auto records = MUST(read_and_wait(*store, [](Reader& reader) { return reader.list_sealed_audit(1, 10); }));
    ASSERT_EQ(records.size(), 2U);
    EXPECT_EQ(records[0].address + records[0].user_agent + records[0].detail, "");
    EXPECT_TRUE(records[0].salt.empty());
    EXPECT_EQ(records[0].personal_digest, Blob{2});
    EXPECT_EQ(records[0].chain, (Blob{1, 0}));
    EXPECT_EQ(records[0].account_id, ann);
    EXPECT_EQ(records[1].address, "192.0.2.7");
    EXPECT_EQ(records[1].salt, Blob{1});
}

TEST_P(AuditConformance, ALeaseHasOneHolderUntilItIsOver) {
    auto store = open();
    const auto until = now() + seconds(10);
    EXPECT_TRUE(take_lease(*store, "one", now(), until));
    EXPECT_FALSE(take_lease(*store, "two", now(), until + seconds(5)));
    EXPECT_TRUE(take_lease(*store, "one", now(), until + seconds(1))) << "the holder may renew it";
    EXPECT_FALSE(take_lease(*store, "two", until, until + seconds(5)));
    EXPECT_TRUE(take_lease(*store, "two", until + seconds(1), until + seconds(5)));
    EXPECT_FALSE(take_lease(*store, "one", until + seconds(1), until + seconds(5)));
    EXPECT_TRUE(MUST(write_and_wait(
        *store, [&](Transaction& transaction) { return transaction.take_lease("other", "one", now(), until); })));
}

TEST_P(AuditConformance, OneOfManyTakesALease) {
    auto one = open();
    auto other = open(false);
    // The first round begins without a row, the others with one that has run out.
    for (int round = 0; round < 10; ++round) {
        clock_.advance(seconds(10));
        std::atomic<int> taken = 0;
        std::vector<std::thread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&, i] {
                taken += take_lease(i % 2 == 0 ? *one : *other, "node " + std::to_string(i), now(), now() + seconds(9));
            });
        }
        for (auto& thread : threads) thread.join();
        EXPECT_EQ(taken, 1) << "in round " << round;
    }
}

TEST_P(AuditConformance, AddsUpFailedLogins) {
    auto store = open();
    const Blob ann(32, 1);
    const Blob bob(32, 2);
    const auto add = [&](const Blob& digest, std::int64_t count, Timestamp at) {
        MUST(write_and_wait(
            *store, [&](Transaction& transaction) { return transaction.add_login_failures(digest, count, at); }));
    };
    const auto find = [&](const Blob& digest) {
        return MUST(read_and_wait(*store, [&](Reader& reader) { return reader.find_login_failures(digest); }));
    };
    EXPECT_FALSE(find(ann).has_value());
    add(ann, 2, now() + seconds(5));
    add(ann, 3, now());  // of another node, written late
    add(bob, 7, now());
    EXPECT_EQ(find(ann).value().email_digest, ann);
    EXPECT_EQ(find(ann).value().count, 5);
    EXPECT_EQ(find(ann).value().last_at, now() + seconds(5));
    const auto list = [&](std::int64_t count, std::size_t limit) {
        std::vector<std::int64_t> counts;
        for (const auto& failures :
             MUST(read_and_wait(*store, [&](Reader& reader) { return reader.list_login_failures(count, limit); }))) {
            counts.push_back(failures.count);
        }
        return counts;
    };
    EXPECT_EQ(list(5, 10), (std::vector<std::int64_t>{7, 5}));
    EXPECT_EQ(list(6, 10), (std::vector<std::int64_t>{7}));
    EXPECT_EQ(list(1, 1), (std::vector<std::int64_t>{7}));
    const auto forget = [&] {
        return MUST(
            write_and_wait(*store, [&](Transaction& transaction) { return transaction.delete_login_failures(ann); }));
    };
    EXPECT_TRUE(forget());
    EXPECT_FALSE(forget());
    EXPECT_FALSE(find(ann).has_value());
}

TEST_P(AuditConformance, NoFailedLoginIsLostBetweenNodes) {
    auto one = open();
    auto other = open(false);
    const Blob digest(32, 1);
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&, i] {
            for (int j = 0; j < 5; ++j) {
                MUST(write_and_wait(i % 2 == 0 ? *one : *other, [&](Transaction& transaction) {
                    return transaction.add_login_failures(digest, 1, now());
                }));
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(MUST(read_and_wait(*one, [&](Reader& reader) { return reader.find_login_failures(digest); }))->count, 40);
}

TEST_P(AuditConformance, RemembersTheNetworksOfAnAccountThatCameLast) {
    auto store = open();
    const auto ann = core::AccountId::make(now());
    const auto note = [&](const core::AccountId& id, const std::string& network) {
        clock_.advance(Milliseconds(1));
        MUST(write_and_wait(
            *store, [&](Transaction& transaction) { return transaction.note_known_network(id, network, now()); }));
    };
    const auto list = [&](const core::AccountId& id) {
        return MUST(read_and_wait(*store, [&](Reader& reader) { return reader.list_known_networks(id); }));
    };
    note(core::AccountId::make(now()), "somebody else's");
    EXPECT_TRUE(list(ann).empty());
    for (std::size_t i = 0; i < limits::known_networks; ++i) note(ann, std::to_string(i));
    note(ann, "0");
    note(ann, "new");
    const auto known = list(ann);
    ASSERT_EQ(known.size(), limits::known_networks);
    EXPECT_EQ(known[0], "new");
    EXPECT_EQ(known[1], "0");
    EXPECT_EQ(known.back(), "2") << "1 came longest ago and is forgotten";

    const auto is_known = [&](const std::string& network) {
        return MUST(read_and_wait(*store, [&](Reader& reader) { return reader.is_known_network(network); }));
    };
    EXPECT_TRUE(is_known("somebody else's"));
    EXPECT_TRUE(is_known("new"));
    EXPECT_FALSE(is_known("1"));
}

}  // namespace
}  // namespace postern::store
