#include "http/metrics.hpp"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>

#include "http/lane.hpp"

namespace postern::http {
namespace {

prometheus::ClientMetric to_metric(const Sample& sample) {
    prometheus::ClientMetric metric;
    for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
    (sample.kind == Sample::Kind::counter ? metric.counter.value : metric.gauge.value) = sample.value;
    return metric;
}

}  // namespace

class Metrics::Collectors {
public:
    void add(std::function<std::vector<Sample>()> collect) {
        const std::lock_guard lock(mutex_);
        collectors_.push_back(std::move(collect));
    }

    // One family for each name, whichever collectors its samples came from: the format allows only one.
    [[nodiscard]] std::vector<prometheus::MetricFamily> collect() const {
        std::map<std::string, prometheus::MetricFamily> families;
        const std::lock_guard lock(mutex_);
        for (const auto& collector : collectors_) {
            for (const Sample& sample : collector()) {
                prometheus::MetricFamily& family = families[sample.name];
                family.name = sample.name;
                family.help = sample.help;
                family.type = sample.kind == Sample::Kind::counter ? prometheus::MetricType::Counter
                                                                   : prometheus::MetricType::Gauge;
                family.metric.push_back(to_metric(sample));
            }
        }
        std::vector<prometheus::MetricFamily> list;
        for (auto& [name, family] : families) list.push_back(std::move(family));
        return list;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::function<std::vector<Sample>()>> collectors_;
};

Metrics::Metrics() : registry_(std::make_unique<prometheus::Registry>()), collectors_(std::make_unique<Collectors>()) {}
Metrics::~Metrics() = default;

prometheus::Registry& Metrics::registry() {
    return *registry_;
}

void Metrics::add_gauge(std::string name, std::string help, std::function<double()> read) {
    add_collector([name = std::move(name), help = std::move(help), read = std::move(read)] {
        return std::vector<Sample>{{.name = name, .help = help, .value = read()}};
    });
}

void Metrics::add_collector(std::function<std::vector<Sample>()> collect) {
    collectors_->add(std::move(collect));
}

void Metrics::add_lane(std::string name, const Lane& lane) {
    add_collector([name = std::move(name), &lane] {
        const std::vector<std::pair<std::string, std::string>> labels = {{"lane", name}};
        return std::vector<Sample>{
            {"postern_lane_queued", "Entries that wait for a worker of the lane.", static_cast<double>(lane.queued()),
             Sample::Kind::gauge, labels},
            {"postern_lane_refused_total", "Entries refused for a full queue or a passed deadline.",
             static_cast<double>(lane.refused()), Sample::Kind::counter, labels},
            {"postern_lane_finished_total", "Entries that a worker of the lane has run.",
             static_cast<double>(lane.finished()), Sample::Kind::counter, labels},
            {"postern_lane_busy_seconds_total", "Time that workers of the lane have run entries.", lane.busy().count(),
             Sample::Kind::counter, labels},
        };
    });
}

std::string Metrics::text() const {
    std::vector<prometheus::MetricFamily> families = registry_->Collect();
    for (prometheus::MetricFamily& family : collectors_->collect()) families.push_back(std::move(family));
    return prometheus::TextSerializer().Serialize(families);
}

}  // namespace postern::http
