// The store's figures, as Prometheus reads them.
#pragma once

#include "core/store.hpp"
#include "http/metrics.hpp"

namespace postern::app {

// `store` must outlive every call of metrics.text().
void add_store_metrics(http::Metrics& metrics, const core::Store& store);

}  // namespace postern::app
