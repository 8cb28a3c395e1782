// What every engine must do with clients, and with keys that wait for their turn.
#include <algorithm>

#include "store/test_store.hpp"

namespace postern::store {
namespace {

using core::read_and_wait;
using core::Reader;
using core::Transaction;
using core::write_and_wait;

class ClientsConformance : public StoreTest {
protected:
    [[nodiscard]] core::Client some_client(const std::string& name) const {
        core::Client client;
        client.id = core::ClientId::make(now());
        client.name = name;
        client.secret_hash = {0, 255, 7};
        client.audiences = {"https://api.example.com", "reports"};
        client.scopes = {"orders:read", "orders:write"};
        client.created_at = now();
        client.updated_at = now();
        return client;
    }
    static std::optional<core::Client> find(core::Store& store, const core::ClientId& id) {
        return MUST(read_and_wait(store, [&](Reader& reader) { return reader.find_client(id); }));
    }
    static Result<void> insert(core::Store& store, const core::Client& client) {
        return write_and_wait(store, [&](Transaction& transaction) { return transaction.insert_client(client); });
    }
    static Result<bool> update(core::Store& store, const core::Client& client) {
        return write_and_wait(store, [&](Transaction& transaction) { return transaction.update_client(client); });
    }
    static bool remove(core::Store& store, const core::ClientId& id) {
        return MUST(write_and_wait(store, [&](Transaction& transaction) { return transaction.delete_client(id); }));
    }
    static void expect_same(const std::optional<core::Client>& found, const core::Client& client) {
        ASSERT_TRUE(found.has_value());
        EXPECT_EQ(found->id, client.id);
        EXPECT_EQ(found->name, client.name);
        EXPECT_EQ(found->secret_hash, client.secret_hash);
        EXPECT_EQ(found->audiences, client.audiences);
        EXPECT_EQ(found->scopes, client.scopes);
        EXPECT_EQ(found->created_at, client.created_at);
        EXPECT_EQ(found->updated_at, client.updated_at);
        EXPECT_EQ(found->disabled_at, client.disabled_at);
    }
};

INSTANTIATE_TEST_SUITE_P(On, ClientsConformance, testing::Values("sqlite", "postgresql"), engine_name);

TEST_P(ClientsConformance, AreKeptAsTheyWereGiven) {
    auto store = open();
    auto client = some_client("reports");
    MUST(insert(*store, client));
    expect_same(find(*store, client.id), client);
    expect_same(MUST(read_and_wait(*store, [](Reader& reader) { return reader.find_client_by_name("reports"); })),
                client);
    EXPECT_FALSE(MUST(read_and_wait(*store, [](Reader& reader) { return reader.find_client_by_name("Reports"); })));
    EXPECT_FALSE(find(*store, core::ClientId::make(now())).has_value());

    const auto created_at = client.created_at;
    client.name = "billing";
    client.secret_hash = {1};
    client.audiences = {"billing"};
    client.scopes = {};
    client.created_at = now() + std::chrono::hours(1);
    client.updated_at = now() + std::chrono::seconds(1);
    client.disabled_at = now() + std::chrono::seconds(2);
    EXPECT_TRUE(MUST(update(*store, client)));
    client.created_at = created_at;
    expect_same(find(*store, client.id), client);

    EXPECT_TRUE(remove(*store, client.id));
    EXPECT_FALSE(remove(*store, client.id));
    EXPECT_FALSE(MUST(update(*store, client)));
    EXPECT_FALSE(find(*store, client.id).has_value());
}

TEST_P(ClientsConformance, HaveNamesOfTheirOwn) {
    auto store = open();
    const auto first = some_client("first");
    auto second = some_client("second");
    MUST(insert(*store, first));
    MUST(insert(*store, second));
    const auto taken = insert(*store, some_client("first"));
    ASSERT_FALSE(taken.has_value());
    EXPECT_EQ(taken.error().code, "unique_violation");
    second.name = "first";
    const auto renamed = update(*store, second);
    ASSERT_FALSE(renamed.has_value());
    EXPECT_EQ(renamed.error().code, "unique_violation");
    EXPECT_EQ(find(*store, second.id)->name, "second");
}

TEST_P(ClientsConformance, AreListedInOrderAPageAtATime) {
    auto store = open();
    std::vector<core::ClientId> ids;
    for (int i = 0; i < 5; ++i) {
        const auto client = some_client("client-" + std::to_string(9 - i));
        MUST(insert(*store, client));
        ids.push_back(client.id);
    }
    std::ranges::sort(ids);
    std::vector<core::ClientId> listed;
    std::optional<core::ClientId> after;
    for (std::size_t size = 2; size == 2;) {
        const auto page = MUST(read_and_wait(*store, [&](Reader& reader) { return reader.list_clients(after, 2); }));
        size = page.size();
        for (const auto& client : page) listed.push_back(client.id);
        if (size > 0) after = page.back().id;
    }
    EXPECT_EQ(listed, ids);
}

// A client that was added, changed or deleted must be so on every node, and each is told of it once the change is there
// to be read.
TEST_P(ClientsConformance, ThatChangeAreToldToEveryInstance) {
    auto here = open();
    auto there = open();
    auto command = open(false);
    std::atomic<int> heard_here = 0;
    std::atomic<int> heard_there = 0;
    here->on_clients_changed([&] { ++heard_here; });
    there->on_clients_changed([&] { ++heard_there; });
    add_account(*here, "ann@example.com");
    MUST(catch_up(*there));
    MUST(catch_up(*here));
    EXPECT_EQ(heard_here + heard_there, 0) << "an account is no client";

    const auto both_hear_of = [&](auto change) {
        heard_here = 0;
        heard_there = 0;
        change();
        return soon([&] { return heard_here > 0 && heard_there > 0; });
    };
    auto client = some_client("reports");
    EXPECT_TRUE(both_hear_of([&] { MUST(insert(*here, client)); }));
    client.disabled_at = now();
    EXPECT_TRUE(both_hear_of([&] { MUST(update(*here, client)); }));
    EXPECT_TRUE(both_hear_of([&] { EXPECT_TRUE(remove(*here, client.id)); }));
    EXPECT_TRUE(both_hear_of([&] { MUST(insert(*command, client)); })) << "a command beside the servers";
    EXPECT_TRUE(both_hear_of([&] { EXPECT_TRUE(remove(*command, client.id)); }));

    MUST(catch_up(*here));
    MUST(catch_up(*there));
    heard_here = 0;
    heard_there = 0;
    EXPECT_FALSE(remove(*here, client.id));
    MUST(catch_up(*there));
    MUST(catch_up(*here));
    EXPECT_EQ(heard_here + heard_there, 0) << "nothing has changed";
    here->on_clients_changed({});
    there->on_clients_changed({});
}

TEST_P(ClientsConformance, HaveTokensThatAreRevokedLikeThoseOfASession) {
    auto store = open();
    const auto client = some_client("reports");
    MUST(insert(*store, client));
    core::Session its_own;
    its_own.id = core::session_of(client.id);
    its_own.counter = 0;
    const auto first = issue(*store, its_own);
    const auto second = issue(*store, its_own);
    MUST(write_and_wait(*store, [&](Transaction& transaction) -> Result<void> {
        EXPECT_EQ(TRY(transaction.revoke_slots_of_session(its_own.id, now(), core::RevocationReason::client_deleted)),
                  2U);
        EXPECT_TRUE(TRY(transaction.delete_client(client.id)));
        return {};
    }));
    EXPECT_EQ(store->revocations().state(first), core::SlotState::revoked);
    EXPECT_EQ(store->revocations().state(second), core::SlotState::revoked);
    const auto slot = MUST(read_and_wait(*store, [&](Reader& reader) { return reader.find_slot(first); }));
    EXPECT_EQ(slot.value().revoke_reason, "client_deleted");
}

TEST_P(ClientsConformance, KeysWaitAsNextAndMoveOn) {
    auto store = open();
    auto key = some_key("kid-1", now());
    key.state = core::KeyState::next;
    MUST(write_and_wait(*store, [&](Transaction& transaction) { return transaction.insert_key(key); }));
    for (const auto state : {core::KeyState::next, core::KeyState::active, core::KeyState::retired}) {
        key.state = state;
        EXPECT_TRUE(
            MUST(write_and_wait(*store, [&](Transaction& transaction) { return transaction.update_key(key); })));
        const auto keys = MUST(read_and_wait(*store, [](Reader& reader) { return reader.list_keys(); }));
        ASSERT_EQ(keys.size(), 1U);
        EXPECT_EQ(keys[0].state, state);
    }
}

TEST_P(ClientsConformance, AccountsKeepScopesAndClaims) {
    auto store = open();
    auto account = add_account(*store, "ann@example.com");
    const auto read = [&] {
        return MUST(read_and_wait(*store, [&](Reader& reader) { return reader.find_account(account.id); })).value();
    };
    EXPECT_TRUE(read().scopes.empty());
    EXPECT_EQ(read().custom_claims, "");
    account.scopes = {"orders:read", "orders:write"};
    account.custom_claims = R"({"tenant":"é","limits":[1,2]})";
    EXPECT_TRUE(
        MUST(write_and_wait(*store, [&](Transaction& transaction) { return transaction.update_account(account, 1); })));
    EXPECT_EQ(read().scopes, account.scopes);
    EXPECT_EQ(read().custom_claims, account.custom_claims);
    EXPECT_TRUE(read().roles.empty());

    auto many = std::vector<core::Account>(60);
    for (std::size_t i = 0; i < many.size(); ++i) {
        many[i] = some_account("imported-" + std::to_string(i) + "@example.com", now());
        many[i].scopes = {"scope-" + std::to_string(i)};
        many[i].custom_claims = "{}";
    }
    MUST(write_and_wait(*store, [&](Transaction& transaction) { return transaction.insert_accounts(many); }));
    account.id = many[42].id;
    EXPECT_EQ(read().scopes, many[42].scopes);
    EXPECT_EQ(read().custom_claims, "{}");
}

}  // namespace
}  // namespace postern::store
