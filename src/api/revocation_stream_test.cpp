// The stream of revocations, event by event, without a socket: what tests/test_feed.py cannot arrange.
#include "api/revocation_stream.hpp"

#include <gtest/gtest.h>

#include <future>

#include "api/testing.hpp"
#include "base/digest.hpp"
#include "base/encoding.hpp"

namespace postern::api {
namespace {

using namespace std::chrono_literals;
using Ending = http::ResponseStream::Ending;
using TimePoint = http::ResponseStream::TimePoint;

class Stream : public ::testing::Test {
protected:
    Stream() { clients_of({make_client()}); }

    static core::Client make_client() {
        const Digest hash = digest("secret");
        core::Client client{.name = "orders", .secret_hash = {hash.begin(), hash.end()}};
        client.id.bytes[0] = 1;
        return client;
    }
    void clients_of(std::vector<core::Client> clients) { bench_.clients.load(std::move(clients)); }

    std::unique_ptr<RevocationStream> open(std::optional<std::string> position = std::nullopt) {
        auto client = bench_.clients.authenticate(make_client().id.text(), "secret");
        auto place = feed().take_place(make_client().id);
        return std::make_unique<RevocationStream>(bench_.service, std::move(*place), std::move(*client), position);
    }
    // All that it says until it waits.
    static std::string read(RevocationStream& stream) {
        std::string text;
        http::ResponseStream::Next said{.ask_again = TimePoint::min()};
        while (said.ask_again == TimePoint::min() && !said.last) {
            std::string chunk;
            said = stream.next(chunk);
            EXPECT_LE(chunk.size(), limits::http_stream_chunk_bytes);
            text += chunk;
        }
        return text;
    }
    static std::string last_id(const std::string& text) {
        const std::size_t start = text.rfind("id: ") + 4;
        return text.substr(start, text.find('\n', start) - start);
    }
    // The events' names, and their data without what every list has.
    static std::string words(const std::string& text) {
        std::string words;
        for (std::size_t at = text.find("event: "); at != std::string::npos; at = text.find("event: ", at + 1)) {
            words += text.substr(at + 7, text.find('\n', at) - at - 7) + " ";
        }
        return words;
    }
    void revoke(std::vector<std::uint32_t> slots) {
        feed().learn({.kind = core::RevocationChange::Kind::slots_revoked,
                      .list = bench_.store->list_ids().front(),
                      .expires_at = {},
                      .slots = std::move(slots)});
    }
    RevocationFeed& feed() { return bench_.revocation_feed; }

    testing::Bench bench_;
};

TEST_F(Stream, BeginsWithAWholeSnapshot) {
    const auto stream = open();
    const std::string text = read(*stream);
    EXPECT_TRUE(text.starts_with("retry: 1000\n\nid: incomplete\nevent: snapshot\ndata: {\"list\":\"")) << text;
    EXPECT_EQ(words(text), "snapshot ready heartbeat ");
    EXPECT_NE(text.find("data: {\"lists\":1}\n\n"), std::string::npos) << text;
    EXPECT_EQ(last_id(text), feed().log().text_of(0));
    EXPECT_EQ(read(*stream), "");
}

TEST_F(Stream, TellsChangesOfOneListTogether) {
    const auto stream = open();
    read(*stream);
    revoke({1, 5});
    revoke({9});
    const std::string text = read(*stream);
    EXPECT_EQ(words(text), "revoked ");
    EXPECT_NE(text.find(",\"idx\":[1,5,9]}\n\n"), std::string::npos) << text;
    EXPECT_EQ(last_id(text), feed().log().text_of(3));
    feed().learn({.kind = core::RevocationChange::Kind::list_opened, .list = {}, .expires_at = from_seconds(7)});
    feed().learn({.kind = core::RevocationChange::Kind::list_revoked, .list = {}});
    EXPECT_EQ(words(read(*stream)), "list list_revoked ");
}

TEST_F(Stream, GoesOnAfterAPositionThatIsRemembered) {
    auto stream = open();
    const std::string position = last_id(read(*stream));
    stream.reset();
    revoke({7});
    const std::string text = read(*open(position));
    EXPECT_EQ(words(text), "revoked heartbeat ");
    EXPECT_EQ(words(read(*open(last_id(text)))), "heartbeat ");
}

TEST_F(Stream, NeverHidesAGap) {
    auto stream = open();
    const std::string position = last_id(read(*stream));
    for (const std::string& unknown :
         {std::string("incomplete"), std::string("0"), position + "1", std::string(15'000, '1')}) {
        const std::string text = read(*open(unknown));
        EXPECT_EQ(words(text), "gap snapshot ready heartbeat ") << unknown;
        EXPECT_NE(text.find("{\"reason\":\"unknown_position\"}"), std::string::npos) << text;
    }
    for (std::uint32_t i = 0; i <= limits::revocation_log_entries; i += 1024) {
        revoke(std::vector<std::uint32_t>(1024));
    }
    const std::string text = read(*open(position));
    EXPECT_EQ(words(text), "gap snapshot ready heartbeat ");
    EXPECT_NE(text.find("{\"reason\":\"too_old\"}"), std::string::npos) << text;
    EXPECT_EQ(feed().figures().gaps, 5U);
    // Who was listening all the time, and did not read.
    EXPECT_EQ(words(read(*stream)), "cut ");
    EXPECT_EQ(feed().figures().cuts.at(static_cast<std::size_t>(RevocationFeed::Cut::slow)), 1U);
}

TEST_F(Stream, SaysWhenThisNodeDoesNotKnow) {
    const auto stream = open();
    read(*stream);
    bench_.store->fresh = false;
    EXPECT_EQ(words(read(*stream)), "stale ");
    EXPECT_EQ(read(*stream), "");
    bench_.store->fresh = true;
    EXPECT_EQ(words(read(*stream)), "heartbeat ");
    bench_.store->fresh = false;
    EXPECT_EQ(words(read(*open())), "snapshot ready stale ");
}

TEST_F(Stream, GivesNoHeartbeatWhileThereIsMoreToTell) {
    const auto stream = open();
    read(*stream);
    bench_.store->fresh = false;
    read(*stream);
    bench_.store->fresh = true;
    revoke(std::vector<std::uint32_t>(20'000, 1'000'000));
    std::string chunk;
    const auto said = stream->next(chunk);
    EXPECT_EQ(said.ask_again, TimePoint::min());
    EXPECT_EQ(words(chunk).find("heartbeat"), std::string::npos);
    EXPECT_TRUE(words(read(*stream)).ends_with("revoked heartbeat "));
}

TEST_F(Stream, CutsAClientThatIsNoLongerTrusted) {
    const auto stream = open();
    clients_of({});
    const std::string text = read(*stream);
    EXPECT_EQ(words(text), "cut ");
    EXPECT_NE(text.find("{\"reason\":\"unauthorized\"}"), std::string::npos) << text;
}

TEST_F(Stream, SaysFarewell) {
    const auto stream = open();
    read(*stream);
    const std::string text = stream->farewell();
    EXPECT_EQ(words(text), "cut ");
    EXPECT_NE(text.find("{\"reason\":\"shutdown\"}"), std::string::npos) << text;
    stream->ended(Ending::shutdown);
}

TEST_F(Stream, WakesItsReaderAndNobodyElse) {
    auto gone = open();
    gone->wake_with([] { FAIL() << "woken after its death"; });
    gone.reset();
    const auto stream = open();
    std::promise<void> woken;
    std::once_flag once;
    stream->wake_with([&] { std::call_once(once, [&] { woken.set_value(); }); });
    revoke({1});
    EXPECT_EQ(woken.get_future().wait_for(5s), std::future_status::ready);
}

TEST_F(Stream, HasRoomForSoManyReaders) {
    core::MemoryStore store(from_seconds(0));
    RevocationFeed small(store, bench_.signer, 5s, 2);
    const auto first = small.take_place(make_client().id);
    {
        const auto second = small.take_place(make_client().id);
        ASSERT_TRUE(second.has_value());
        const auto third = small.take_place(make_client().id);
        ASSERT_FALSE(third.has_value());
        EXPECT_EQ(third.error().kind, ErrorKind::overloaded);
        EXPECT_TRUE(third.error().retry_after.has_value());
    }
    EXPECT_TRUE(small.take_place(make_client().id).has_value());
    EXPECT_EQ(small.figures().readers, 1U);
    EXPECT_EQ(small.figures().refused, 1U);
}

TEST_F(Stream, HasRoomForSoManyReadersOfOneClient) {
    core::MemoryStore store(from_seconds(0));
    RevocationFeed small(store, bench_.signer, 5s, 3, 1);
    core::ClientId other;
    {
        const auto first = small.take_place(make_client().id);
        const auto refused = small.take_place(make_client().id);
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().kind, ErrorKind::throttled);
        EXPECT_EQ(refused.error().code, "too_many_streams");
        EXPECT_TRUE(refused.error().retry_after.has_value());
        EXPECT_TRUE(small.take_place(other).has_value()) << "another has its own";
    }
    EXPECT_TRUE(small.take_place(make_client().id).has_value());
}

TEST_F(Stream, SharesASnapshotAmongThoseWhoComeTogether) {
    EXPECT_EQ(feed().snapshot(), feed().snapshot());
}

TEST_F(Stream, IsForClients) {
    EXPECT_EQ(bench_.call(http::Method::get, "/auth/v1/revocations").status, 401);
    EXPECT_EQ(bench_.call(http::Method::get, "/auth/v1/revocations", "Bearer x").status, 401);
    const std::string credentials = make_client().id.text() + ":secret";
    // Standard base64; "secret" ends where no padding is needed.
    const auto basic = [](std::string text) {
        std::string encoded = encode_base64url(text);
        for (char& c : encoded) c = c == '-' ? '+' : c == '_' ? '/' : c;
        while (encoded.size() % 4 != 0) encoded += '=';
        return "Basic " + encoded;
    };
    EXPECT_EQ(bench_.call(http::Method::get, "/auth/v1/revocations", basic(credentials + "x")).status, 401);
    const auto answer = bench_.call(http::Method::get, "/auth/v1/revocations", basic(credentials));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.content_type, "text/event-stream");
    EXPECT_EQ(testing::header(answer, "X-Accel-Buffering"), "no");
    EXPECT_NE(answer.stream, nullptr);
    EXPECT_EQ(feed().figures().readers, 1U);
}

}  // namespace
}  // namespace postern::api
