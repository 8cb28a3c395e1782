-- What both scripts say at the end: answers, microseconds, answers that were not 200, the p99 in microseconds, and
-- requests that failed. `threads` holds those of wrk; each counts its `others`.
threads = {}

function add_thread(thread)
   thread:set("number", #threads)
   table.insert(threads, thread)
end

function done(summary, latency, _)
   local others = 0
   for _, thread in ipairs(threads) do others = others + thread:get("others") end
   local errors = summary.errors
   io.write(string.format("BENCH %d %d %d %d %d\n", summary.requests, summary.duration, others,
      latency:percentile(99), errors.connect + errors.read + errors.write + errors.timeout))
end
