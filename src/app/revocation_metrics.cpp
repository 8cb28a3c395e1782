#include "app/revocation_metrics.hpp"

namespace postern::app {
namespace {

using Kind = http::Sample::Kind;

http::Sample cut_sample(const api::RevocationFeed::Figures& figures, api::RevocationFeed::Cut cut, const char* reason) {
    return {"postern_revocation_streams_cut_total",
            "Streams of revocations that the server ended, by reason.",
            static_cast<double>(figures.cuts.at(static_cast<std::size_t>(cut))),
            Kind::counter,
            {{"reason", reason}}};
}

std::vector<http::Sample> feed_samples(const api::RevocationFeed& feed) {
    using Cut = api::RevocationFeed::Cut;
    const auto figures = feed.figures();
    return {
        {"postern_revocation_streams_open", "Clients that follow the revocations now.",
         static_cast<double>(figures.readers)},
        {"postern_revocation_streams_refused_total", "Clients refused because as many follow as may.",
         static_cast<double>(figures.refused), Kind::counter},
        {"postern_revocation_gaps_total", "Clients told that they cannot go on where they were.",
         static_cast<double>(figures.gaps), Kind::counter},
        {"postern_revocation_changes_total", "Bits, lists and key changes that there were to tell.",
         static_cast<double>(figures.changes), Kind::counter},
        cut_sample(figures, Cut::slow, "slow"),
        cut_sample(figures, Cut::shutdown, "shutdown"),
        cut_sample(figures, Cut::unauthorized, "unauthorized"),
    };
}

std::vector<http::Sample> list_samples(const core::StatusLists& lists) {
    const auto figures = lists.figures();
    return {
        {"postern_status_lists_served_total", "Status lists handed out, or found unchanged.",
         static_cast<double>(figures.served), Kind::counter},
        {"postern_status_lists_made_total", "Status lists put together and signed.", static_cast<double>(figures.made),
         Kind::counter},
        {"postern_status_list_seconds_total", "Time spent on putting status lists together.", figures.seconds_making,
         Kind::counter},
        {"postern_status_lists_kept", "Signed status lists in memory.", static_cast<double>(figures.kept)},
    };
}

}  // namespace

void add_revocation_metrics(http::Metrics& metrics, const api::RevocationFeed& feed, const core::StatusLists& lists) {
    metrics.add_collector([&feed] { return feed_samples(feed); });
    metrics.add_collector([&lists] { return list_samples(lists); });
}

}  // namespace postern::app
