// What every engine must do with mailed links and the outbox, by one and by many at once.
#include <atomic>
#include <set>

#include "store/test_store.hpp"

namespace postern::store {
namespace {

using core::MailPurpose;
using core::OutboxKind;
using core::OutboxState;
using core::read_and_wait;
using core::Reader;
using core::Transaction;
using core::write_and_wait;
using std::chrono::seconds;

class DeliveryConformance : public StoreTest {
protected:
    core::MailToken some_token(const core::AccountId& account, MailPurpose purpose) {
        clock_.advance(Milliseconds(1));  // ids are in the order of time
        core::MailToken token;
        token.id = core::MailTokenId::make(now());
        token.account_id = account;
        token.purpose = purpose;
        token.secret_hash = {1, 2, 3, 0, 255};
        token.email_key = "ann@example.com";
        token.email = "Ann@example.com";
        token.created_at = now();
        token.expires_at = now() + std::chrono::hours(1);
        return token;
    }
    core::OutboxEntry some_entry(Timestamp due_at) {
        clock_.advance(Milliseconds(1));
        core::OutboxEntry entry;
        entry.id = core::OutboxId::make(now());
        entry.topic = "verify_email";
        entry.recipient = "Ann@example.com";
        entry.payload = R"({"a":1})";
        entry.created_at = now();
        entry.due_at = due_at;
        return entry;
    }
    void insert(core::Store& store, const core::OutboxEntry& entry) {
        MUST(write_and_wait(store, [&](Transaction& transaction) { return transaction.insert_outbox(entry); }));
    }
    std::vector<core::OutboxEntry> claim(core::Store& store, Timestamp until, std::size_t limit) {
        return MUST(write_and_wait(store, [&](Transaction& transaction) {
            return transaction.claim_outbox(OutboxKind::mail, now(), until, limit);
        }));
    }
    static std::optional<core::OutboxEntry> find(core::Store& store, const core::OutboxId& id) {
        return MUST(read_and_wait(store, [&](Reader& reader) { return reader.find_outbox_entry(id); }));
    }
    static std::vector<core::OutboxId> list(core::Store& store, std::optional<OutboxState> state,
                                            std::optional<core::OutboxId> before = std::nullopt,
                                            std::size_t limit = 10) {
        std::vector<core::OutboxId> ids;
        for (const auto& entry :
             MUST(read_and_wait(store, [&](Reader& reader) { return reader.list_outbox(state, before, limit); }))) {
            ids.push_back(entry.id);
        }
        return ids;
    }
};

INSTANTIATE_TEST_SUITE_P(On, DeliveryConformance, testing::Values("sqlite", "postgresql"), engine_name);

// `body` on many threads at once, over several stores of one database.
template <typename Body>
void in_parallel(const std::vector<core::Store*>& stores, Body body) {
    constexpr int threads_per_store = 4;
    std::vector<std::thread> threads;
    for (auto* store : stores) {
        for (int i = 0; i < threads_per_store; ++i) threads.emplace_back([store, &body] { body(*store); });
    }
    for (auto& thread : threads) thread.join();
}

TEST_P(DeliveryConformance, KeepsAMailTokenUntilItIsUsed) {
    auto store = open();
    const auto account = core::AccountId::make(now());
    const auto token = some_token(account, MailPurpose::change_email);
    MUST(write_and_wait(*store, [&](Transaction& transaction) { return transaction.insert_mail_token(token); }));
    const auto find = [&] {
        return MUST(read_and_wait(*store, [&](Reader& reader) { return reader.find_mail_token(token.id); }));
    };
    const auto found = find().value();
    EXPECT_EQ(found.account_id, account);
    EXPECT_EQ(found.purpose, MailPurpose::change_email);
    EXPECT_EQ(found.secret_hash, token.secret_hash);
    EXPECT_EQ(found.email_key, token.email_key);
    EXPECT_EQ(found.email, token.email);
    EXPECT_EQ(found.created_at, token.created_at);
    EXPECT_EQ(found.expires_at, token.expires_at);
    EXPECT_EQ(write_and_wait(*store, [&](Transaction& transaction) { return transaction.insert_mail_token(token); })
                  .error()
                  .kind,
              ErrorKind::conflict);
    EXPECT_TRUE(MUST(write_and_wait(
        *store, [&](Transaction& transaction) { return transaction.update_mail_token_hash(token.id, {9}); })));
    EXPECT_EQ(find().value().secret_hash, Blob{9});
    const auto use = [&] {
        return MUST(
            write_and_wait(*store, [&](Transaction& transaction) { return transaction.delete_mail_token(token.id); }));
    };
    EXPECT_TRUE(use());
    EXPECT_FALSE(use());
    EXPECT_FALSE(find().has_value());
    EXPECT_FALSE(MUST(write_and_wait(
        *store, [&](Transaction& transaction) { return transaction.update_mail_token_hash(token.id, {9}); })));
}

TEST_P(DeliveryConformance, VoidsTheMailTokensOfOneAccount) {
    auto store = open();
    const auto ann = core::AccountId::make(now());
    const auto bob = core::AccountId::make(now());
    MUST(write_and_wait(*store, [&](Transaction& transaction) -> Result<void> {
        for (const auto purpose : {MailPurpose::verify_email, MailPurpose::reset_password, MailPurpose::reset_password,
                                   MailPurpose::accept_invitation}) {
            TRY(transaction.insert_mail_token(some_token(ann, purpose)));
        }
        return transaction.insert_mail_token(some_token(bob, MailPurpose::reset_password));
    }));
    MUST(write_and_wait(*store, [&](Transaction& transaction) -> Result<void> {
        EXPECT_EQ(TRY(transaction.delete_mail_tokens_of(ann, MailPurpose::reset_password)), 2U);
        const auto left = TRY(transaction.list_mail_tokens(ann));
        EXPECT_EQ(left.size(), 2U);
        EXPECT_EQ(left.at(0).purpose, MailPurpose::verify_email);
        EXPECT_EQ(left.at(1).purpose, MailPurpose::accept_invitation);
        EXPECT_EQ(TRY(transaction.delete_mail_tokens_of(ann, std::nullopt)), 2U);
        EXPECT_EQ(TRY(transaction.delete_mail_tokens_of(ann, std::nullopt)), 0U);
        EXPECT_EQ(TRY(transaction.list_mail_tokens(bob)).size(), 1U);
        return {};
    }));
}

// Two clicks on one link at the same time: the second must not set a password again.
TEST_P(DeliveryConformance, AMailTokenIsUsedByExactlyOne) {
    auto one = open();
    auto other = open(false);
    for (int round = 0; round < 10; ++round) {
        const auto token = some_token(core::AccountId::make(now()), MailPurpose::reset_password);
        MUST(write_and_wait(*one, [&](Transaction& transaction) { return transaction.insert_mail_token(token); }));
        std::atomic<int> used = 0;
        in_parallel({one.get(), other.get()}, [&](core::Store& store) {
            used += MUST(write_and_wait(
                store, [&](Transaction& transaction) { return transaction.delete_mail_token(token.id); }));
        });
        EXPECT_EQ(used, 1);
    }
}

TEST_P(DeliveryConformance, KeepsAnOutboxEntryAsItWasGiven) {
    auto store = open();
    auto entry = some_entry(now());
    entry.kind = OutboxKind::webhook;
    entry.account_id = core::AccountId::make(now());
    entry.token_id = core::MailTokenId::make(now());
    insert(*store, entry);
    auto found = find(*store, entry.id).value();
    EXPECT_EQ(found.kind, OutboxKind::webhook);
    EXPECT_EQ(found.topic, entry.topic);
    EXPECT_EQ(found.account_id, entry.account_id);
    EXPECT_EQ(found.recipient, entry.recipient);
    EXPECT_EQ(found.payload, entry.payload);
    EXPECT_EQ(found.token_id, entry.token_id);
    EXPECT_EQ(found.created_at, entry.created_at);
    EXPECT_EQ(found.due_at, entry.due_at);
    EXPECT_EQ(found.attempts, 0);
    EXPECT_EQ(found.state, OutboxState::pending);
    EXPECT_FALSE(found.finished_at.has_value());

    entry.attempts = 3;
    entry.state = OutboxState::failed;
    entry.last_error = "550 no such user";
    entry.finished_at = now();
    entry.due_at = now() + seconds(9);
    const auto update = [&](std::int64_t expected) {
        return MUST(write_and_wait(
            *store, [&](Transaction& transaction) { return transaction.update_outbox(entry, expected); }));
    };
    EXPECT_FALSE(update(1));
    EXPECT_TRUE(update(0));
    found = find(*store, entry.id).value();
    EXPECT_EQ(found.attempts, 3);
    EXPECT_EQ(found.state, OutboxState::failed);
    EXPECT_EQ(found.last_error, entry.last_error);
    EXPECT_EQ(found.finished_at, entry.finished_at);
    EXPECT_EQ(found.due_at, entry.due_at);
    const auto remove = [&] {
        return MUST(
            write_and_wait(*store, [&](Transaction& transaction) { return transaction.delete_outbox(entry.id); }));
    };
    EXPECT_TRUE(remove());
    EXPECT_FALSE(remove());
    EXPECT_FALSE(find(*store, entry.id).has_value());
}

TEST_P(DeliveryConformance, ListsTheOutboxNewestFirst) {
    auto store = open();
    std::vector<core::OutboxId> ids;
    for (const auto state : {OutboxState::sent, OutboxState::failed, OutboxState::pending, OutboxState::sent}) {
        auto entry = some_entry(now());
        entry.state = state;
        insert(*store, entry);
        ids.push_back(entry.id);
    }
    using Ids = std::vector<core::OutboxId>;
    EXPECT_EQ(list(*store, std::nullopt), (Ids{ids[3], ids[2], ids[1], ids[0]}));
    EXPECT_EQ(list(*store, std::nullopt, ids[2], 1), Ids{ids[1]});
    EXPECT_EQ(list(*store, OutboxState::sent), (Ids{ids[3], ids[0]}));
    EXPECT_EQ(list(*store, OutboxState::sent, ids[3]), Ids{ids[0]});
    EXPECT_EQ(list(*store, OutboxState::failed), Ids{ids[1]});
    EXPECT_EQ(list(*store, OutboxState::pending), Ids{ids[2]});
}

TEST_P(DeliveryConformance, CountsTheMailsOfOneAccount) {
    auto store = open();
    const auto ann = core::AccountId::make(now());
    const auto since = now() + seconds(1);
    for (const auto at : {since - Milliseconds(1), since, since + seconds(5)}) {
        for (const auto& account : {ann, core::AccountId::make(now())}) {
            for (const auto kind : {OutboxKind::mail, OutboxKind::webhook}) {
                auto entry = some_entry(now());
                entry.kind = kind;
                entry.account_id = account;
                entry.created_at = at;
                entry.state = OutboxState::sent;
                insert(*store, entry);
            }
        }
    }
    const auto count = [&](std::string_view topic) {
        return MUST(read_and_wait(*store, [&](Reader& reader) { return reader.count_mails_since(ann, topic, since); }));
    };
    EXPECT_EQ(count("verify_email"), 2);
    EXPECT_EQ(count("reset_password"), 0) << "each kind of mail is counted for itself";
}

TEST_P(DeliveryConformance, TellsHowMuchOfAKindIsInTheOutbox) {
    auto store = open();
    const auto figures = [&](OutboxKind kind) {
        return MUST(read_and_wait(*store, [&](Reader& reader) { return reader.count_outbox(kind); }));
    };
    EXPECT_FALSE(figures(OutboxKind::mail).oldest_pending.has_value());
    std::vector<Timestamp> queued;
    for (const auto state : {OutboxState::sent, OutboxState::failed, OutboxState::pending, OutboxState::pending}) {
        auto entry = some_entry(now());
        entry.state = state;
        insert(*store, entry);
        queued.push_back(entry.created_at);
    }
    EXPECT_EQ(figures(OutboxKind::mail).pending, 2);
    EXPECT_EQ(figures(OutboxKind::mail).failed, 1);
    EXPECT_EQ(figures(OutboxKind::mail).oldest_pending, queued[2]);
    EXPECT_EQ(figures(OutboxKind::webhook).pending, 0);
    EXPECT_EQ(figures(OutboxKind::webhook).failed, 0);
}

TEST_P(DeliveryConformance, ClaimsWhatIsDueOldestFirst) {
    auto store = open();
    const auto next_due = [&] {
        return MUST(
            read_and_wait(*store, [](Reader& reader) { return reader.find_next_outbox_due(OutboxKind::mail); }));
    };
    EXPECT_FALSE(next_due().has_value());
    const auto start = now();
    const auto second = some_entry(start + seconds(2));
    const auto first = some_entry(start + seconds(1));
    const auto third = some_entry(start + seconds(3));
    const auto later = some_entry(start + seconds(60));
    auto sent = some_entry(start);
    sent.state = OutboxState::sent;
    auto webhook = some_entry(start);
    webhook.kind = OutboxKind::webhook;
    for (const auto& entry : {second, first, third, later, sent, webhook}) insert(*store, entry);
    EXPECT_EQ(next_due(), start + seconds(1));

    clock_.advance(start + seconds(3) - now());
    const auto until = now() + seconds(30);
    const auto claimed = claim(*store, until, 2);
    ASSERT_EQ(claimed.size(), 2U);
    EXPECT_EQ(claimed[0].id, first.id);
    EXPECT_EQ(claimed[1].id, second.id);
    EXPECT_EQ(claimed[0].attempts, 1);
    EXPECT_EQ(claimed[0].due_at, until);
    EXPECT_EQ(claimed[0].payload, first.payload);
    const auto rest = claim(*store, until, 2);
    ASSERT_EQ(rest.size(), 1U);
    EXPECT_EQ(rest[0].id, third.id);
    EXPECT_TRUE(claim(*store, until, 2).empty());
    EXPECT_EQ(next_due(), until);
    // Whoever took them died: they are due again when the lease is over.
    clock_.advance(seconds(30));
    EXPECT_EQ(claim(*store, now() + seconds(30), 10).size(), 3U);
    EXPECT_EQ(find(*store, first.id).value().attempts, 2);
}

TEST_P(DeliveryConformance, NoTwoWorkersGetTheSameEntry) {
    auto one = open();
    auto other = open(false);
    constexpr std::size_t entries = 300;
    MUST(write_and_wait(*one, [&](Transaction& transaction) -> Result<void> {
        for (std::size_t i = 0; i < entries; ++i) TRY(transaction.insert_outbox(some_entry(now())));
        return {};
    }));
    std::mutex mutex;
    std::multiset<core::OutboxId> claimed;
    in_parallel({one.get(), other.get()}, [&](core::Store& store) {
        const auto until = now() + seconds(30);
        const auto has_more = [&] {
            const auto due = MUST(
                read_and_wait(store, [](Reader& reader) { return reader.find_next_outbox_due(OutboxKind::mail); }));
            return due.has_value() && *due < until;
        };
        while (has_more()) {
            const auto some = claim(store, until, 7);
            const std::lock_guard lock(mutex);
            for (const auto& entry : some) claimed.insert(entry.id);
        }
    });
    EXPECT_EQ(claimed.size(), entries);
    EXPECT_EQ(std::set<core::OutboxId>(claimed.begin(), claimed.end()).size(), entries);
}

}  // namespace
}  // namespace postern::store
