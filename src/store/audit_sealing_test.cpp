// The sealer on real engines, where several nodes write and seal at once.
#include <atomic>
#include <set>
#include <thread>

#include "core/audit_trail.hpp"
#include "core/testing_audit.hpp"
#include "store/test_store.hpp"

namespace postern::store {
namespace {

using core::read_and_wait;
using core::Reader;
using core::Transaction;
using core::write_and_wait;
using core::testing::WordAuditSigner;

class AuditSealing : public StoreTest {
protected:
    void add_record(core::Store& store, const core::AuditSubject& subject = {}) {
        MUST(write_and_wait(store, [&](Transaction& transaction) {
            return core::record(transaction, "login", {"system", "192.0.2.1", "curl/8"}, subject, "success", now());
        }));
    }
    // False when another was quicker.
    bool seal(core::Store& store, std::string_view node) {
        const auto outcome = core::testing::seal(store, signer_, now(), webhooks_, node);
        EXPECT_TRUE(outcome.has_value() || outcome.error().code == "retry") << outcome.error().message;
        return outcome.has_value() && outcome->leads;
    }
    core::TrailReport verify(core::Store& store) {
        return MUST(
            read_and_wait(store, [&](Reader& reader) { return core::verify_trail(reader, signer_, std::nullopt); }));
    }

    WordAuditSigner signer_;
    core::WebhookSettings webhooks_{{"https://a.example/hook"}, {}};
};

INSTANTIATE_TEST_SUITE_P(On, AuditSealing, testing::Values("sqlite", "postgresql"), engine_name);

TEST_P(AuditSealing, KeepsOneChainThoughTwoNodesTakeThemselvesForTheSealer) {
    constexpr int records_each = 150;
    auto first = open();
    auto second = open();
    std::atomic<int> writing = 2;
    std::vector<std::thread> threads;
    for (core::Store* store : {first.get(), second.get()}) {
        threads.emplace_back([this, store, &writing] {
            for (int i = 0; i < records_each; ++i) add_record(*store);
            --writing;
        });
        // The same name: what the lease does not keep apart, its row must.
        threads.emplace_back([this, store, &writing] {
            while (writing > 0) seal(*store, "node");
        });
    }
    for (std::thread& thread : threads) thread.join();
    while (verify(*first).unsealed > 0) seal(*first, "node");

    const auto report = verify(*second);
    EXPECT_FALSE(report.breach.has_value()) << report.breach->message;
    EXPECT_EQ(report.records, 2 * records_each);
    EXPECT_EQ(report.proven, 2 * records_each);
    std::set<std::string> bodies;
    const auto queued = MUST(read_and_wait(
        *second, [](Reader& reader) { return reader.list_outbox(std::nullopt, std::nullopt, 2 * records_each + 1); }));
    for (const core::OutboxEntry& entry : queued) bodies.insert(entry.payload);
    EXPECT_EQ(queued.size(), 2U * records_each);
    EXPECT_EQ(bodies.size(), 2U * records_each) << "an event was queued twice";
}

TEST_P(AuditSealing, PassesToTheOtherNodeWhenTheLeaseHasRunOut) {
    auto first = open();
    auto second = open();
    add_record(*first);
    EXPECT_TRUE(seal(*first, "node-1"));
    add_record(*first);
    EXPECT_FALSE(seal(*second, "node-2"));
    clock_.advance(limits::audit_seal_lease);
    EXPECT_TRUE(seal(*second, "node-2"));
    add_record(*first);
    EXPECT_FALSE(seal(*first, "node-1"));
    EXPECT_TRUE(seal(*second, "node-2"));
    EXPECT_EQ(verify(*first).proven, 3);
}

TEST_P(AuditSealing, LeavesTheProofWhenAnAccountIsErased) {
    auto store = open();
    const auto gone = core::AccountId::make(now());
    const auto stays = core::AccountId::make(now());
    add_record(*store, {gone, {}, "ada@example.org"});
    add_record(*store, {stays, {}, "bob@example.org"});
    seal(*store, "node");
    EXPECT_EQ(MUST(write_and_wait(*store, [&](Transaction& transaction) { return transaction.erase_audit(gone); })),
              1U);
    const auto report = verify(*store);
    EXPECT_FALSE(report.breach.has_value()) << report.breach->message;
    EXPECT_EQ(report.erased, 1);
}

TEST_P(AuditSealing, ReadsALongTrailPageByPage) {
    auto store = open();
    constexpr int records = 1234;
    MUST(write_and_wait(*store, [&](Transaction& transaction) -> Result<void> {
        for (int i = 0; i < records; ++i) {
            TRY(core::record(transaction, "login", {"system", "192.0.2.1", ""}, {}, "success", now()));
        }
        return {};
    }));
    EXPECT_EQ(verify(*store).unsealed, records);
    EXPECT_EQ(MUST(core::testing::seal_all(*store, signer_, now(), webhooks_)), static_cast<std::size_t>(records));
    const auto report = verify(*store);
    EXPECT_FALSE(report.breach.has_value()) << report.breach->message;
    EXPECT_EQ(report.records, records);
    EXPECT_EQ(report.checkpoints, 2);

    auto connection = connect();
    MUST(connection->execute("UPDATE audit_records SET actor = 'cli:mallory' WHERE sequence = 777", {}));
    const auto tampered = verify(*store);
    ASSERT_TRUE(tampered.breach.has_value());
    EXPECT_EQ(tampered.breach->sequence, 777);
}

}  // namespace
}  // namespace postern::store
