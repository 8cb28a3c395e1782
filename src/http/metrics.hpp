// The numbers that the server shows to Prometheus. Other rooms add theirs as callbacks, which run when the numbers are
// asked for. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace prometheus {
class Registry;
}

namespace postern::http {

class Lane;

struct Sample {
    enum class Kind { gauge, counter };

    std::string name;  // "postern_sessions_live"; a counter's ends with _total
    std::string help;
    double value = 0;
    Kind kind = Kind::gauge;
    std::vector<std::pair<std::string, std::string>> labels = {};
};

class Metrics {
public:
    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    // What the callbacks use must outlive every later call of text(). They must not throw.
    void add_gauge(std::string name, std::string help, std::function<double()> read);
    void add_collector(std::function<std::vector<Sample>()> collect);
    // postern_lane_queued, postern_lane_refused_total and postern_lane_finished_total, with the label lane="name".
    void add_lane(std::string name, const Lane& lane);

    // The Prometheus text exposition format 0.0.4.
    [[nodiscard]] std::string text() const;

    // For this room: where the server's own counters live.
    [[nodiscard]] prometheus::Registry& registry();

private:
    class Collectors;
    std::unique_ptr<prometheus::Registry> registry_;
    std::unique_ptr<Collectors> collectors_;
};

}  // namespace postern::http
