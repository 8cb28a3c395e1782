#include "core/clients.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.hpp"
#include "core/client_directory.hpp"
#include "core/client_token.hpp"
#include "core/scopes.hpp"
#include "core/testing.hpp"

namespace postern::core {
namespace {

using testing::actor;
using testing::policy;

class Clients : public ::testing::Test {
protected:
    template <typename Work>
    auto write(Work work) {
        auto outcome = write_and_wait(store, std::move(work));
        directory.load(read_and_wait(store, [](Reader& reader) { return list_all_clients(reader); }).value());
        return outcome;
    }
    Result<ClientWithSecret> create(std::string name = "billing",
                                    std::vector<std::string> audiences = {"https://api.example"},
                                    std::vector<std::string> scopes = {"read", "write"}) {
        const NewClient wanted{std::move(name), std::move(audiences), std::move(scopes)};
        return write(
            [&](Transaction& transaction) { return create_client(transaction, wanted, actor(), clock.now()); });
    }
    Result<AuthenticatedClient> authenticate(const ClientWithSecret& made) const {
        return directory.authenticate(made.client.id.text(), made.secret.reveal());
    }
    Result<ClientToken> issue(const AuthenticatedClient& client, const ClientTokenRequest& wanted = {}) {
        return write([&](Transaction& transaction) {
            return issue_client_token(transaction, client, wanted, policy(), "kid", actor(), clock.now());
        });
    }
    Result<Client> change(const ClientId& id, const ClientChange& change) {
        return write(
            [&](Transaction& transaction) { return change_client(transaction, id, change, actor(), clock.now()); });
    }
    SlotState state_of(const ClientToken& token) const { return store.state(token.access.slot); }
    std::string last_event() const { return store.tables.audit.empty() ? "" : store.tables.audit.back().event; }

    FakeClock clock;
    MemoryStore store{clock.now()};
    ClientDirectory directory;
};

template <typename T>
std::string refusal(const Result<T>& outcome) {
    return outcome.has_value() ? "accepted" : outcome.error().code;
}

TEST_F(Clients, AreMadeWithASecretThatOnlyTheirMakerSees) {
    const auto made = create("billing", {"b", "a", "b"}, {"write", "read"});
    ASSERT_TRUE(made.has_value()) << made.error().message;
    EXPECT_EQ(made->secret.reveal().substr(0, 4), "pcs_");
    EXPECT_EQ(made->secret.reveal().size(), 47U);
    EXPECT_EQ(made->client.audiences, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(made->client.scopes, (std::vector<std::string>{"read", "write"}));
    EXPECT_EQ(made->client.secret_hash.size(), 32U);
    EXPECT_EQ(last_event(), "client.created");
    for (const AuditRecord& record : store.tables.audit) {
        EXPECT_EQ(record.detail.find(made->secret.reveal()), std::string::npos);
        EXPECT_NE(record.detail.find(made->client.id.text()), std::string::npos);
    }
    EXPECT_NE(create("reporting")->secret.reveal(), made->secret.reveal());
}

TEST_F(Clients, AreRefusedWithUnfitNamesAudiencesAndScopes) {
    ASSERT_TRUE(create().has_value());
    EXPECT_EQ(refusal(create()), "client_exists");
    for (const std::string& name :
         {std::string(), std::string(" a"), std::string("a "), std::string("a\n"), std::string("caf\xc3\xa9"),
          std::string(65, 'a'), ClientId::make(clock.now()).text()}) {
        EXPECT_EQ(refusal(create(name)), "invalid_client_name") << name;
    }
    EXPECT_EQ(refusal(create("x", {})), "invalid_audience");
    EXPECT_EQ(refusal(create("x", {""})), "invalid_audience");
    EXPECT_EQ(refusal(create("x", {"two words"})), "invalid_audience");
    EXPECT_EQ(refusal(create("x", {std::string(257, 'a')})), "invalid_audience");
    EXPECT_EQ(refusal(create("x", {"a"}, {"two words"})), "invalid_scope");
    EXPECT_EQ(refusal(create("x", {"a"}, {"quo\"te"})), "invalid_scope");
    EXPECT_EQ(store.tables.clients.size(), 1U);
}

TEST_F(Clients, AuthenticateBySecretAlone) {
    const auto made = create();
    ASSERT_TRUE(authenticate(*made).has_value());
    EXPECT_EQ(authenticate(*made)->client().name, "billing");
    const std::string id = made->client.id.text();
    const std::string secret(made->secret.reveal());
    std::string other = secret;
    other.back() = other.back() == 'A' ? 'B' : 'A';
    const std::string unknown = ClientId::make(clock.now()).text();
    for (const auto& [client_id, presented] :
         {std::pair(id, other), std::pair(id, std::string()), std::pair(id, secret + "A"), std::pair(unknown, secret),
          std::pair(std::string("billing"), secret), std::pair(std::string(), std::string()),
          // The digest of nothing, and a hash that stands for nobody's.
          std::pair(unknown, std::string(32, '\0'))}) {
        const auto refused = directory.authenticate(client_id, presented);
        EXPECT_EQ(refusal(refused), "invalid_client") << client_id << " " << presented;
    }
}

TEST_F(Clients, LoseTheirFormerSecretAndItsTokensWhenItIsRenewed) {
    const auto made = create();
    const auto before = authenticate(*made);
    const auto token = issue(*before);
    ASSERT_TRUE(token.has_value()) << token.error().message;
    const auto renewed = write([&](Transaction& transaction) {
        return renew_client_secret(transaction, made->client.id, actor(), clock.now());
    });
    EXPECT_EQ(last_event(), "client.secret_renewed");
    EXPECT_EQ(refusal(authenticate(*made)), "invalid_client");
    EXPECT_TRUE(authenticate(*renewed).has_value());
    EXPECT_FALSE(directory.is_current(*before));
    EXPECT_EQ(state_of(*token), SlotState::revoked);
    // Proven before the renewal, and used after it.
    EXPECT_EQ(refusal(issue(*before)), "invalid_client");
}

TEST_F(Clients, ThatAreDisabledAreRefusedUntilTheyAreEnabled) {
    const auto made = create();
    const auto proven = authenticate(*made);
    const auto token = issue(*proven);
    const auto disabled = write(
        [&](Transaction& transaction) { return disable_client(transaction, made->client.id, actor(), clock.now()); });
    EXPECT_TRUE(disabled->disabled_at.has_value());
    EXPECT_EQ(last_event(), "client.disabled");
    EXPECT_EQ(refusal(authenticate(*made)), "invalid_client");
    EXPECT_EQ(refusal(issue(*proven)), "invalid_client");
    EXPECT_FALSE(directory.is_current(*proven));
    EXPECT_EQ(state_of(*token), SlotState::revoked);
    const auto enabled = write(
        [&](Transaction& transaction) { return enable_client(transaction, made->client.id, actor(), clock.now()); });
    EXPECT_FALSE(enabled->disabled_at.has_value());
    ASSERT_TRUE(authenticate(*made).has_value());
    EXPECT_EQ(state_of(*token), SlotState::revoked);
}

TEST_F(Clients, LoseTheirTokensWhenTheyAreDeleted) {
    const auto made = create();
    const auto proven = authenticate(*made);
    const auto token = issue(*proven);
    const auto erased = write(
        [&](Transaction& transaction) { return delete_client(transaction, made->client.id, actor(), clock.now()); });
    ASSERT_TRUE(erased.has_value());
    EXPECT_EQ(last_event(), "client.deleted");
    EXPECT_EQ(refusal(authenticate(*made)), "invalid_client");
    EXPECT_EQ(refusal(issue(*proven)), "invalid_client");
    EXPECT_FALSE(directory.is_current(*proven));
    EXPECT_EQ(state_of(*token), SlotState::revoked);
    EXPECT_EQ(refusal(write([&](Transaction& transaction) {
                  return delete_client(transaction, made->client.id, actor(), clock.now());
              })),
              "client_unknown");
}

TEST_F(Clients, LoseTheirTokensWithWhatTheyMay) {
    const auto made = create("billing", {"a", "b"}, {"read", "write"});
    const auto token_before = [&] { return issue(*authenticate(*made)); };

    auto token = token_before();
    ASSERT_TRUE(change(made->client.id, {.name = "invoices"}).has_value());
    ASSERT_TRUE(change(made->client.id, {.audiences = std::vector<std::string>{"a", "b", "c"}}).has_value());
    EXPECT_EQ(state_of(*token), SlotState::live);
    ASSERT_TRUE(change(made->client.id, {.audiences = std::vector<std::string>{"a", "c"}}).has_value());
    EXPECT_EQ(state_of(*token), SlotState::revoked);

    token = token_before();
    ASSERT_TRUE(change(made->client.id, {.scopes = std::vector<std::string>{"read"}}).has_value());
    EXPECT_EQ(state_of(*token), SlotState::revoked);

    const std::size_t records = store.tables.audit.size();
    ASSERT_TRUE(change(made->client.id, {.name = "invoices"}).has_value());
    EXPECT_EQ(store.tables.audit.size(), records);
}

TEST_F(Clients, KeepTheirNamesApart) {
    const auto made = create("billing");
    ASSERT_TRUE(create("reporting").has_value());
    EXPECT_EQ(refusal(change(made->client.id, {.name = "reporting"})), "client_exists");
    EXPECT_EQ(refusal(change(made->client.id, {.name = ""})), "invalid_client_name");
    EXPECT_EQ(refusal(change(ClientId::make(clock.now()), {})), "client_unknown");
    const auto find = [&](std::string_view id_or_name) {
        return read_and_wait(store, [&](Reader& reader) { return get_client(reader, id_or_name); });
    };
    EXPECT_EQ(find("billing")->id, made->client.id);
    EXPECT_EQ(find(made->client.id.text())->name, "billing");
    EXPECT_EQ(refusal(find("nobody")), "client_unknown");
}

TEST_F(Clients, GetTokensOfTheirOwn) {
    const auto made = create("billing", {"a", "b"}, {"read", "write"});
    const auto proven = authenticate(*made);
    const auto token = issue(*proven);
    EXPECT_TRUE(token->access.is_clients_own());
    EXPECT_EQ(token->access.subject.text(), made->client.id.text());
    EXPECT_EQ(token->access.client_id, made->client.id.text());
    EXPECT_EQ(token->access.audience, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(token->access.scopes, (std::vector<std::string>{"read", "write"}));
    EXPECT_EQ(token->access.expires_at, token->access.issued_at + policy().access_token_life);
    EXPECT_EQ(last_event(), "client.token_issued");

    const auto narrow = issue(*proven, {.resource = "b", .scopes = std::vector<std::string>{"write", "write"}});
    EXPECT_EQ(narrow->access.audience, (std::vector<std::string>{"b"}));
    EXPECT_EQ(narrow->access.scopes, (std::vector<std::string>{"write"}));

    EXPECT_EQ(refusal(issue(*proven, {.resource = "c"})), "invalid_target");
    EXPECT_EQ(refusal(issue(*proven, {.scopes = std::vector<std::string>{"read", "admin"}})), "invalid_scope");
}

TEST_F(Clients, NeverHaveATokenThatIsTooLongToBelieve) {
    std::vector<std::string> audiences;
    for (int i = 10; i < 42; ++i) audiences.push_back(std::to_string(i) + std::string(limits::audience_bytes - 2, 'a'));
    EXPECT_EQ(refusal(create("billing", audiences)), "claims_too_large");
    const auto made = create("billing", {audiences[0]});
    EXPECT_EQ(refusal(change(made->client.id, {.audiences = audiences})), "claims_too_large");
    EXPECT_EQ(refusal(change(made->client.id, {.name = "still there"})), "accepted");

    // One that was made before there was such a rule.
    store.tables.clients.begin()->second.audiences = audiences;
    EXPECT_EQ(refusal(change(made->client.id, {.scopes = std::vector<std::string>{}})), "claims_too_large");
    EXPECT_EQ(refusal(issue(*authenticate(*made))), "claims_too_large");
    EXPECT_EQ(refusal(issue(*authenticate(*made), {.resource = audiences[7]})), "accepted");
}

TEST_F(Clients, HaveSoManyLiveTokens) {
    auto few = policy();
    few.live_tokens_per_client = 2;
    const auto made = create("billing");
    const auto other = create("orders");
    const auto issue_with = [&](const ClientWithSecret& client) {
        const auto proven = authenticate(client);
        return write([&](Transaction& transaction) {
            return issue_client_token(transaction, *proven, {}, few, "kid", actor(), clock.now());
        });
    };
    EXPECT_TRUE(issue_with(*made).has_value());
    clock.advance(std::chrono::minutes(10));
    EXPECT_TRUE(issue_with(*made).has_value());
    const auto refused = issue_with(*made);
    EXPECT_EQ(refusal(refused), "too_many_tokens");
    EXPECT_EQ(refused.error().retry_after, Seconds(std::chrono::minutes(5)));
    EXPECT_TRUE(issue_with(*other).has_value()) << "each client for itself";
    clock.advance(std::chrono::minutes(5));
    EXPECT_TRUE(issue_with(*made).has_value());
    EXPECT_EQ(refusal(issue_with(*made)), "too_many_tokens");
}

TEST(Scopes, AreSplitStrictly) {
    EXPECT_EQ(split_scope("a").value(), (std::vector<std::string>{"a"}));
    EXPECT_EQ(split_scope("b a:x").value(), (std::vector<std::string>{"b", "a:x"}));
    for (const char* text : {"", " ", "a ", " a", "a  b", "a\tb", "a\"", "a\\", "caf\xc3\xa9"}) {
        EXPECT_EQ(refusal(split_scope(text)), "invalid_scope") << text;
    }
    EXPECT_EQ(join_words({"a", "b"}), "a b");
    EXPECT_EQ(join_words({}), "");
    EXPECT_EQ(refusal(accept_scopes(std::vector<std::string>(40, "same"))), "accepted");
    std::vector<std::string> many;
    for (int i = 0; i < 40; ++i) many.push_back("s" + std::to_string(i));
    EXPECT_EQ(refusal(accept_scopes(many)), "invalid_scope");
    EXPECT_EQ(refusal(accept_scopes({std::string(65, 'a')})), "invalid_scope");
}

}  // namespace
}  // namespace postern::core
