#include "app/store_metrics.hpp"

namespace postern::app {

using http::Sample;

void add_store_metrics(http::Metrics& metrics, const core::Store& store) {
    metrics.add_collector([&store] {
        const core::StoreFigures figures = store.figures();
        const auto number = [](std::int64_t value) { return static_cast<double>(value); };
        std::vector<Sample> samples = {
            {"postern_store_queued", "Pieces of work that wait for the store", number(figures.queued)},
            {"postern_store_commits_total", "Commits", number(figures.commits), Sample::Kind::counter},
            {"postern_store_writes_total", "Pieces of work committed", number(figures.writes), Sample::Kind::counter},
            {"postern_store_failed_commits_total", "Commits that failed", number(figures.failed_commits),
             Sample::Kind::counter},
            {"postern_store_swept_rows_total", "Rows deleted because their time had passed", number(figures.swept_rows),
             Sample::Kind::counter},
            {"postern_revocation_lists", "Revocation lists in memory", number(figures.lists)},
            {"postern_revocation_bitmap_bytes", "Memory of the revocation bitmaps", number(figures.bitmap_bytes)},
            {"postern_revocation_feed_age_seconds", "Since the revocations of other nodes were last read",
             figures.feed_age_seconds}};
        for (const core::TableSize& size : figures.tables) {
            samples.push_back({"postern_store_rows",
                               "Rows of each table, as of the last sweep",
                               number(size.rows),
                               Sample::Kind::gauge,
                               {{"table", size.table}}});
        }
        return samples;
    });
}

}  // namespace postern::app
