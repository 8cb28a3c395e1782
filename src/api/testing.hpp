// A whole api over core's store in memory, for the tests of the flows.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>
#include <variant>

#include "api/identity_lines.hpp"
#include "api/revocation_feed.hpp"
#include "api/routes.hpp"
#include "api/service.hpp"
#include "core/memory_store.hpp"
#include "core/testing.hpp"
#include "core/testing_keys.hpp"
#include "http/router.hpp"

namespace postern::api::testing {

// Tokens of both kinds are entries of a table; what is not in it was forged.
class BookSigner final : public core::Signer {
public:
    Result<std::string> access_kid() const override {
        if (!has_key) return unavailable("There is no active key");
        return std::string("kid");
    }
    Result<std::string> sign(const core::AccessClaims& claims, std::string_view) const override {
        const std::string token = "access." + claims.token_id.text();
        access_.insert_or_assign(token, claims);
        return token;
    }
    Result<std::string> sign(const core::RefreshClaims& claims) const override {
        const std::string token = "refresh." + claims.session_id.text() + "." + std::to_string(claims.counter);
        refresh_.insert_or_assign(token, claims);
        return token;
    }
    Result<std::string> sign(const core::StatusListClaims& claims) const override { return "list." + claims.subject; }
    Result<core::AccessClaims> read_access(std::string_view token) const override { return read(access_, token); }
    Result<core::RefreshClaims> read_refresh(std::string_view token) const override { return read(refresh_, token); }
    [[nodiscard]] std::uint64_t generation() const noexcept override { return 1; }
    [[nodiscard]] std::shared_ptr<const std::string> jwks() const override {
        return std::make_shared<const std::string>(R"({"keys":[]})");
    }
    bool has_key = true;
    bool knows_new_key = true;  // that every token of the book is signed with

private:
    template <typename Claims>
    Result<Claims> read(const std::map<std::string, Claims, std::less<>>& book, std::string_view token) const {
        auto found = book.find(token);
        if (found != book.end() && !knows_new_key) {
            return unauthenticated(std::string(core::unknown_key_code), "The token is signed with an unknown key");
        }
        if (found == book.end()) return unauthenticated("invalid_token", "The token's signature is wrong");
        return found->second;
    }
    mutable std::map<std::string, core::AccessClaims, std::less<>> access_;
    mutable std::map<std::string, core::RefreshClaims, std::less<>> refresh_;
};

// The signer of the tests knows every key at once, unless a test says what there was to learn.
class CountingKeyUpdater final : public core::KeyUpdater {
public:
    void catch_up(core::Store::Done done) override {
        ++calls;
        if (learn) learn();
        done(outcome);
    }
    [[nodiscard]] bool is_current() const override { return current; }
    int calls = 0;
    bool current = true;
    std::function<void()> learn;
    Result<void> outcome;
};

class NoClientUpdater final : public core::ClientUpdater {
public:
    void catch_up(core::Store::Done done) override { done({}); }
};

using core::testing::PlainText;

inline std::string header(const http::Response& response, std::string_view name) {
    for (const auto& [field, value] : response.headers) {
        if (field == name) return value;
    }
    return "";
}

class Bench {
public:
    // Without entries in its queue, the hash lane never has room.
    explicit Bench(std::size_t hash_queue_entries = 8)
        : hash_lane({.name = "hash",
                     .workers = 1,
                     .queue_entries = hash_queue_entries,
                     .queue_time = std::chrono::seconds(5)}) {
        add_routes(router, service);
    }

    http::Response call(http::Method method, std::string path, std::string authorization = "", std::string body = "") {
        http::Request request;
        request.method = method;
        request.path = std::move(path);
        request.client_address = "192.0.2.7";
        if (!authorization.empty()) request.headers.emplace_back("Authorization", std::move(authorization));
        if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
        request.body = std::move(body);
        return call(std::move(request));
    }

    http::Response call(http::Request request) {
        const auto match = router.match(request);
        if (match.handler == nullptr) return http::error_response(404, "not_found", "No such path");
        if (const auto* direct = std::get_if<http::InlineHandler>(match.handler)) return (*direct)(request);
        const auto* first = std::get_if<http::MemoryFirstHandler>(match.handler);
        if (first != nullptr) {
            if (auto response = first->from_memory(request)) return with_lines_as_headers(std::move(*response));
        }
        boost::asio::io_context io;
        http::Response response;
        const auto& handler = first != nullptr ? first->otherwise : std::get<http::AsyncHandler>(*match.handler);
        boost::asio::co_spawn(io, handler(request), [&response](std::exception_ptr bug, http::Response answered) {
            if (bug) std::rethrow_exception(bug);
            response = std::move(answered);
        });
        io.run();
        return with_lines_as_headers(std::move(response));
    }

    // What was prepared, as if it had not been.
    static http::Response with_lines_as_headers(http::Response response) {
        const auto lines = std::exchange(response.prepared_lines, nullptr);
        std::string_view left = lines != nullptr ? *lines : std::string_view();
        while (!left.empty()) {
            const std::string_view line = left.substr(0, left.find("\r\n"));
            left.remove_prefix(line.size() + 2);
            const auto colon = line.find(": ");
            response.with(std::string(line.substr(0, colon)), std::string(line.substr(colon + 2)));
        }
        return response;
    }

    http::Response log_in(std::string email = "ada@example.org", std::string password = "correct") {
        return call(http::Method::post, "/auth/v1/token", "",
                    R"({"email":")" + email + R"(","password":")" + password + "\"}");
    }

    FakeClock clock;
    std::unique_ptr<core::MemoryStore> store = core::testing::store_with_account(clock.now());
    core::testing::PlainHasher hasher;
    BookSigner signer;
    PlainText text;
    core::TokenPolicy policy = core::testing::policy();
    core::AccountPolicy account_policy = core::testing::account_policy();
    core::testing::PlainSecrets secrets;
    core::Throttle throttle{{}, clock};
    core::Precedence precedence{clock};
    core::TimingFloor timing_floor;
    core::ClientDirectory clients;
    NoClientUpdater client_updater;
    CountingKeyUpdater key_updater;
    core::testing::LetterVault key_vault{"a", "a"};
    core::RotationPolicy rotation_policy;
    core::AccessChecker access_checker{signer, *store, policy, clock, identity_lines};
    RevocationFeed revocation_feed{*store, signer, std::chrono::seconds(5)};
    core::StatusLists status_lists{*store, signer, policy.issuer, std::chrono::seconds(30), clock};
    http::Lane hash_lane;
    Service service{.store = *store,
                    .hasher = hasher,
                    .signer = signer,
                    .text = text,
                    .access_checker = access_checker,
                    .token_policy = policy,
                    .account_policy = account_policy,
                    .secrets = secrets,
                    .clients = clients,
                    .client_updater = client_updater,
                    .key_updater = key_updater,
                    .key_vault = key_vault,
                    .rotation_policy = rotation_policy,
                    .revocation_feed = revocation_feed,
                    .status_lists = status_lists,
                    .throttle = throttle,
                    .precedence = precedence,
                    .timing_floor = timing_floor,
                    .clock = clock,
                    .hash_lane = hash_lane,
                    .public_url = "https://auth.example",
                    .version = "1.2.3"};
    http::Router router;
};

}  // namespace postern::api::testing
