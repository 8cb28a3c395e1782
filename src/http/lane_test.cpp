#include "http/lane.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/limits.hpp"
#include "http/metrics.hpp"

namespace postern::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// Runs `work` on the lane from an event loop of its own.
template <typename Work>
asio::awaitable<void> run_into(Lane& lane, Turn turn, Work work, std::promise<Result<int>>& promise) {
    Result<int> result = co_await lane.run(turn, std::move(work));
    promise.set_value(std::move(result));
}

class LaneRun : public ::testing::Test {
protected:
    template <typename Work>
    std::future<Result<int>> submit(Lane& lane, Work work, Turn turn = Turn::usual) {
        auto promise = std::make_shared<std::promise<Result<int>>>();
        auto future = promise->get_future();
        asio::co_spawn(
            pool_, [&lane, turn, work, promise]() { return run_into(lane, turn, work, *promise); },
            [promise](const std::exception_ptr&) {});
        return future;
    }
    ~LaneRun() override { pool_.join(); }

    asio::thread_pool pool_{1};
};

struct Gate {
    std::promise<void> opening;
    std::shared_future<void> open = opening.get_future().share();
    std::atomic<int> inside = 0;

    auto wait() {
        return [this]() -> Result<int> {
            ++inside;
            open.wait();
            return 7;
        };
    }
    void await_inside(int count) const {
        while (inside < count) std::this_thread::sleep_for(1ms);
    }
};

TEST_F(LaneRun, ResultsAndErrors) {
    Lane lane({.name = "test", .workers = 2, .queue_entries = 8, .queue_time = 1s});
    EXPECT_EQ(*submit(lane, []() -> Result<int> { return 3; }).get(), 3);
    const auto failed = submit(lane, []() -> Result<int> { return not_found("gone", "It is gone"); }).get();
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().code, "gone");
}

TEST_F(LaneRun, ExceptionsBecomeErrorsThatTellNothing) {
    Lane lane({.name = "test", .workers = 1, .queue_entries = 8, .queue_time = 1s});
    const auto thrown = submit(lane, []() -> Result<int> { throw std::runtime_error("the inside"); }).get();
    ASSERT_FALSE(thrown.has_value());
    EXPECT_EQ(thrown.error().kind, ErrorKind::internal);
    EXPECT_EQ(thrown.error().message.find("the inside"), std::string::npos);
    const auto odd = submit(lane, []() -> Result<int> { throw 7; }).get();
    EXPECT_EQ(odd.error().kind, ErrorKind::internal);
    const auto starved = submit(lane, []() -> Result<int> { throw std::bad_alloc(); }).get();
    EXPECT_EQ(starved.error().kind, ErrorKind::unavailable) << "no memory is no bug";
    EXPECT_EQ(*submit(lane, []() -> Result<int> { return 3; }).get(), 3);
}

TEST_F(LaneRun, FullQueueRefusesAtOnce) {
    Lane lane({.name = "test", .workers = 1, .queue_entries = 2, .queue_time = 10s});
    Gate gate;
    auto running = submit(lane, gate.wait());
    gate.await_inside(1);
    auto first = submit(lane, gate.wait());
    auto second = submit(lane, gate.wait());
    std::atomic<bool> ran = false;
    const auto refused = submit(lane, [&ran]() -> Result<int> {
                             ran = true;
                             return 1;
                         }).get();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::overloaded);
    EXPECT_TRUE(refused.error().retry_after.has_value());
    EXPECT_FALSE(ran);
    EXPECT_EQ(lane.queued(), 2U);
    EXPECT_EQ(lane.refused(), 1U);
    gate.opening.set_value();
    EXPECT_EQ(*running.get(), 7);
    EXPECT_EQ(*first.get(), 7);
    EXPECT_EQ(*second.get(), 7);
    EXPECT_EQ(lane.queued(), 0U);
}

// Entries of both queues, one worker that is held until all wait: in which order do they run?
TEST_F(LaneRun, FirstGoesBeforeTheUsualButNeverStarvesIt) {
    Lane lane({.name = "test", .workers = 1, .queue_entries = 20, .queue_time = 10s});
    Gate gate;
    auto running = submit(lane, gate.wait());
    gate.await_inside(1);
    std::string order;  // written by the one worker
    const auto note = [&order](char letter) {
        return [&order, letter]() -> Result<int> {
            order += letter;
            return 0;
        };
    };
    std::vector<std::future<Result<int>>> all;
    for (int i = 0; i < 3; ++i) all.push_back(submit(lane, note('u')));
    for (int i = 0; i < 16; ++i) all.push_back(submit(lane, note('f'), Turn::first));
    while (lane.queued() < all.size()) std::this_thread::sleep_for(1ms);
    gate.opening.set_value();
    for (auto& one : all) EXPECT_TRUE(one.get().has_value());
    EXPECT_EQ(order, "fffffffufffffffuffu");
}

TEST_F(LaneRun, TheUsualThatFillsItsQueueLeavesRoomForTheFirst) {
    Lane lane({.name = "test", .workers = 1, .queue_entries = 1, .queue_time = 10s});
    Gate gate;
    auto running = submit(lane, gate.wait());
    gate.await_inside(1);
    EXPECT_TRUE(lane.check_room(Turn::usual).has_value());
    auto usual = submit(lane, gate.wait());
    while (lane.queued() < 1) std::this_thread::sleep_for(1ms);
    const auto refused = lane.check_room(Turn::usual);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::overloaded);
    EXPECT_TRUE(refused.error().retry_after.has_value());
    EXPECT_EQ(lane.refused(), 1U);
    EXPECT_TRUE(lane.check_room(Turn::first).has_value());
    auto first = submit(lane, gate.wait(), Turn::first);
    while (lane.queued() < 2) std::this_thread::sleep_for(1ms);
    EXPECT_FALSE(lane.check_room(Turn::first).has_value());
    gate.opening.set_value();
    EXPECT_EQ(*usual.get(), 7);
    EXPECT_EQ(*first.get(), 7);
}

TEST_F(LaneRun, WhoeverHasWaitedTooLongIsRefused) {
    Lane lane({.name = "test", .workers = 1, .queue_entries = 8, .queue_time = 50ms});
    Gate gate;
    auto running = submit(lane, gate.wait());
    gate.await_inside(1);
    std::atomic<bool> ran = false;
    auto late = submit(lane, [&ran]() -> Result<int> {
        ran = true;
        return 1;
    });
    std::this_thread::sleep_for(100ms);
    gate.opening.set_value();
    const auto refused = late.get();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::overloaded);
    EXPECT_FALSE(ran);
    EXPECT_EQ(*running.get(), 7);
    EXPECT_EQ(*submit(lane, []() -> Result<int> { return 3; }).get(), 3);
    EXPECT_EQ(lane.refused(), 1U);
}

TEST_F(LaneRun, DeathFinishesWhatRunsAndRefusesTheRest) {
    Gate gate;
    std::future<Result<int>> running;
    std::future<Result<int>> queued;
    {
        Lane lane({.name = "test", .workers = 1, .queue_entries = 8, .queue_time = 10s});
        running = submit(lane, gate.wait());
        gate.await_inside(1);
        queued = submit(lane, gate.wait());
        while (lane.queued() == 0) std::this_thread::sleep_for(1ms);
        std::thread opener([&gate] {
            std::this_thread::sleep_for(50ms);
            gate.opening.set_value();
        });
        opener.detach();
    }
    EXPECT_EQ(*running.get(), 7);
    EXPECT_EQ(queued.get().error().kind, ErrorKind::overloaded);
}

TEST_F(LaneRun, AWorkerThatHasNothingToDoSaysSoOnce) {
    std::atomic<int> told = 0;
    Lane lane({.name = "test", .workers = 1, .queue_entries = 8, .queue_time = 1s, .on_idle = [&told] { ++told; }});
    EXPECT_EQ(*submit(lane, []() -> Result<int> { return 3; }).get(), 3);
    EXPECT_EQ(told, 0);
    std::this_thread::sleep_for(2 * limits::lane_idle_time + 200ms);
    EXPECT_EQ(told, 1);
    EXPECT_EQ(*submit(lane, []() -> Result<int> { return 3; }).get(), 3) << "and works on";
}

TEST_F(LaneRun, WorkersAreNamedAndNice) {
    Lane lane({.name = "nice", .workers = 1, .queue_entries = 8, .queue_time = 1s, .niceness = 5});
    const int own = getpriority(PRIO_PROCESS, static_cast<id_t>(gettid()));
    std::string name;
    auto look = [&name]() -> Result<int> {
        char text[16];
        pthread_getname_np(pthread_self(), text, sizeof text);
        name = text;
        return getpriority(PRIO_PROCESS, static_cast<id_t>(gettid()));
    };
    EXPECT_EQ(*submit(lane, look).get(), std::min(19, own + 5));
    EXPECT_EQ(name, "nice-0");
    EXPECT_EQ(getpriority(PRIO_PROCESS, static_cast<id_t>(gettid())), own);
}

TEST_F(LaneRun, ManyCallersFromManyLoops) {
    Lane lane({.name = "test", .workers = 4, .queue_entries = 10'000, .queue_time = 10s});
    asio::io_context loops[2];
    std::atomic<int> sum = 0;
    auto call = [&lane, &sum]() -> asio::awaitable<void> {
        for (int i = 0; i < 50; ++i) {
            auto work = []() -> Result<int> { return 1; };
            const Result<int> one = co_await lane.run(Turn::usual, work);
            sum += *one;
        }
    };
    for (auto& loop : loops) {
        for (int i = 0; i < 20; ++i) asio::co_spawn(loop, call, asio::detached);
    }
    std::thread other([&] { loops[1].run(); });
    loops[0].run();
    other.join();
    EXPECT_EQ(sum, 2 * 20 * 50);
    // The last caller may resume before its worker has counted.
    while (lane.finished() < 2000) std::this_thread::sleep_for(1ms);
    EXPECT_EQ(lane.refused(), 0U);
}

// Notes on which thread it went on after the callback came from another.
asio::awaitable<void> resume_from_elsewhere(std::thread& elsewhere, std::thread::id& resumed_on, std::string& value) {
    std::function<void(std::function<void(std::string)>)> start = [&](std::function<void(std::string)> done) {
        elsewhere = std::thread([done = std::move(done)] {
            std::this_thread::sleep_for(20ms);
            done("carried");
        });
    };
    value = co_await await_callback<std::string>(std::move(start));
    resumed_on = std::this_thread::get_id();
}

TEST(AwaitCallback, ResumesOnItsOwnExecutorAndKeepsItAlive) {
    asio::io_context loop;
    std::thread elsewhere;
    std::thread::id resumed_on;
    std::string value;
    asio::co_spawn(loop, resume_from_elsewhere(elsewhere, resumed_on, value), asio::detached);
    loop.run();  // ends only when nothing is outstanding: the callback counts
    elsewhere.join();
    EXPECT_EQ(value, "carried");
    EXPECT_EQ(resumed_on, std::this_thread::get_id());
}

asio::awaitable<void> resume_at_once(int& value) {
    std::function<void(std::function<void(int)>)> start = [](std::function<void(int)> done) { done(5); };
    value = co_await await_callback<int>(std::move(start));
}

TEST(AwaitCallback, CallbackBeforeStartReturns) {
    asio::io_context loop;
    int value = 0;
    asio::co_spawn(loop, resume_at_once(value), asio::detached);
    loop.run();
    EXPECT_EQ(value, 5);
}

TEST(Metrics, GaugesCollectorsAndLanes) {
    Metrics metrics;
    double level = 1;
    metrics.add_gauge("postern_test_level", "A level.", [&level] { return level; });
    for (const char* kind : {"a", "b"}) {
        metrics.add_collector([kind] {
            return std::vector<Sample>{
                {"postern_test_total", "Two kinds.", 2, Sample::Kind::counter, {{"kind", kind}}}};
        });
    }
    Lane lane({.name = "hash", .workers = 1, .queue_entries = 1, .queue_time = 1s});
    metrics.add_lane("hash", lane);
    level = 2.5;
    const std::string text = metrics.text();
    EXPECT_NE(text.find("# TYPE postern_test_level gauge\npostern_test_level 2.5\n"), std::string::npos) << text;
    EXPECT_NE(text.find("# TYPE postern_test_total counter\npostern_test_total{kind=\"a\"} 2\n"
                        "postern_test_total{kind=\"b\"} 2\n"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("postern_lane_refused_total{lane=\"hash\"} 0"), std::string::npos) << text;
}

}  // namespace
}  // namespace postern::http
