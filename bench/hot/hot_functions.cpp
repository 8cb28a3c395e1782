// The functions that most requests go through, one by one, by Google Benchmark: ./dev bench hot. What a request costs
// above their sum is the server's; what they cost themselves is here.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/encoding.hpp"
#include "base/json.hpp"
#include "core/access.hpp"
#include "crypto/key_ring.hpp"
#include "crypto/key_vault.hpp"
#include "http/request_reader.hpp"
#include "http/response_writer.hpp"
#include "store/bitmaps.hpp"

namespace postern {
namespace {

constexpr std::uint32_t slots = 1U << 20U;
const Timestamp now = from_seconds(1'800'000'000);

// Keys of every purpose, one open status list, and an access token whose slot is in it.
struct World {
    FakeClock clock{now};
    crypto::MasterKeys masters{crypto::MasterKey::parse(SecretString(std::string(64, 'a')), "the bench").take()};
    crypto::KeyRing ring{masters};
    store::Bitmaps bitmaps{std::chrono::hours(1)};
    core::TokenPolicy policy;
    std::string kid;
    core::AccessClaims access;
    core::RefreshClaims refresh;
    std::string token;

    explicit World(core::KeyAlgorithm algorithm = core::KeyAlgorithm::es256) {
        crypto::KeyVault vault(masters);
        const auto make = [&](core::KeyPurpose purpose, core::KeyAlgorithm chosen) {
            return vault.make_key(purpose, chosen, now).take();
        };
        const auto signing = make(core::KeyPurpose::access, algorithm);
        kid = signing.kid;
        (void)ring.load({signing, make(core::KeyPurpose::refresh, core::KeyAlgorithm::hs256),
                         make(core::KeyPurpose::status_list, core::KeyAlgorithm::es256)});
        policy.issuer = "https://auth.example.com";
        policy.audience = {"https://api.example.com"};
        access.issuer = policy.issuer;
        access.audience = policy.audience;
        access.subject = core::AccountId::make(now);
        access.client_id = policy.client_id;
        access.issued_at = now;
        access.expires_at = now + Seconds(900);
        access.token_id = core::TokenId::make(now);
        access.session_id = core::SessionId::make(now);
        access.slot = {core::ListId::make(now), 4711};
        refresh.issuer = policy.issuer;
        refresh.audience = core::refresh_audience(policy);
        refresh.subject = access.subject;
        refresh.issued_at = now;
        refresh.expires_at = now + Seconds(86'400);
        refresh.session_id = access.session_id;
        refresh.counter = 3;
        bitmaps.put_list({access.slot.list, kid, now + Seconds(3600), slots, false});
        bitmaps.mark_fresh(std::chrono::steady_clock::now());
        token = ring.sign(access, kid).take();
    }
};

void sign_access_token(benchmark::State& state, core::KeyAlgorithm algorithm) {
    const World world(algorithm);
    for (auto _ : state) benchmark::DoNotOptimize(world.ring.sign(world.access, world.kid));
}
BENCHMARK_CAPTURE(sign_access_token, ES256, core::KeyAlgorithm::es256);
BENCHMARK_CAPTURE(sign_access_token, EdDSA, core::KeyAlgorithm::eddsa);
BENCHMARK_CAPTURE(sign_access_token, RS256, core::KeyAlgorithm::rs256);

void check_token_never_seen(benchmark::State& state, core::KeyAlgorithm algorithm) {
    const World world(algorithm);
    for (auto _ : state) benchmark::DoNotOptimize(world.ring.read_access(world.token));
}
BENCHMARK_CAPTURE(check_token_never_seen, ES256, core::KeyAlgorithm::es256);
BENCHMARK_CAPTURE(check_token_never_seen, EdDSA, core::KeyAlgorithm::eddsa);
BENCHMARK_CAPTURE(check_token_never_seen, RS256, core::KeyAlgorithm::rs256);

void check_token_seen_before(benchmark::State& state) {
    const World world;
    const core::AccessChecker checker(world.ring, world.bitmaps, world.policy, world.clock, core::prepare_nothing);
    for (auto _ : state) {
        const auto bearer = checker.check(world.token, core::Knowledge::as_it_is);
        if (!bearer.has_value()) state.SkipWithError(bearer.error().message.c_str());
    }
}
BENCHMARK(check_token_seen_before)->ThreadRange(1, 2)->UseRealTime();

void sign_refresh_token(benchmark::State& state) {
    const World world;
    for (auto _ : state) benchmark::DoNotOptimize(world.ring.sign(world.refresh));
}
BENCHMARK(sign_refresh_token);

void read_refresh_token(benchmark::State& state) {
    const World world;
    const auto token = world.ring.sign(world.refresh).take();
    for (auto _ : state) benchmark::DoNotOptimize(world.ring.read_refresh(token));
}
BENCHMARK(read_refresh_token);

void look_up_revocation_bit(benchmark::State& state) {
    const World world;
    for (auto _ : state) benchmark::DoNotOptimize(world.bitmaps.state(world.access.slot));
}
BENCHMARK(look_up_revocation_bit);

// The bytes of a list of a million tokens after one more of them was revoked.
void publish_list_after_a_revocation(benchmark::State& state) {
    World world;
    core::SlotRef next = {world.access.slot.list, 0};
    for (auto _ : state) {
        world.bitmaps.revoke(next);
        next.index = (next.index + 104'729) % slots;
        benchmark::DoNotOptimize(world.bitmaps.publish(next.list));
    }
}
BENCHMARK(publish_list_after_a_revocation);

void read_request_header(benchmark::State& state) {
    const World world;
    const std::string bytes = "GET /auth/v1/verify HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " +
                              world.token + "\r\nX-Forwarded-For: 192.0.2.1\r\nUser-Agent: bench\r\n\r\n";
    http::RequestReader reader{http::RequestLimits{}};
    http::Request request;
    for (auto _ : state) {
        reader.restart(request);
        benchmark::DoNotOptimize(reader.read_header(bytes));
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
}
BENCHMARK(read_request_header);

void write_answer(benchmark::State& state) {
    http::Response response;
    response.with("X-Auth-Subject", "018f3c1e-7a00-7000-8000-00000000ac01").with("X-Auth-Scopes", "orders:read");
    http::DateLine date;
    std::string out;
    for (auto _ : state) {
        out.clear();
        http::append_response(out, response, {.date_line = date.now(), .request_id = "0123456789abcdef"});
        benchmark::DoNotOptimize(out.data());
    }
}
BENCHMARK(write_answer);

void parse_login_body(benchmark::State& state) {
    const std::string_view body = R"({"email":"somebody@example.com","password":"a quiet harbour at dusk"})";
    for (auto _ : state) benchmark::DoNotOptimize(parse_json(body));
}
BENCHMARK(parse_login_body);

void decode_signature(benchmark::State& state) {
    const std::string text = encode_base64url(std::string(64, 'x'));
    std::array<std::uint8_t, 96> out{};
    for (auto _ : state) benchmark::DoNotOptimize(decode_base64url(text, out));
}
BENCHMARK(decode_signature);

}  // namespace
}  // namespace postern

BENCHMARK_MAIN();
