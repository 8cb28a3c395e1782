// The numbers of what tells others of revocations: the stream and the status lists.
#pragma once

#include "api/revocation_feed.hpp"
#include "core/status_lists.hpp"
#include "http/metrics.hpp"

namespace postern::app {

// Both must outlive the metrics.
void add_revocation_metrics(http::Metrics& metrics, const api::RevocationFeed& feed, const core::StatusLists& lists);

}  // namespace postern::app
