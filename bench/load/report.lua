-- What both scripts say at the end: answers, microseconds, answers that were not 200, the p99 in microseconds, and
-- requests that failed. `threads` holds those of wrk; each counts its `others`. wrk's own clock runs on until its time is
-- over, so threads that stopped when everything was sent tell the time themselves.
local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds, nanoseconds; } moment; int clock_gettime(int clock, moment *now);")
local moment = ffi.new("moment")
threads = {}

function now_us()
   ffi.C.clock_gettime(1, moment) -- CLOCK_MONOTONIC
   return tonumber(moment.seconds) * 1e6 + tonumber(moment.nanoseconds) / 1e3
end

function add_thread(thread)
   thread:set("number", #threads)
   table.insert(threads, thread)
end

function done(summary, latency, _)
   local others, duration = 0, summary.duration
   for _, thread in ipairs(threads) do others = others + thread:get("others") end
   if os.getenv("BENCH_ONCE") then
      duration = 1
      for _, thread in ipairs(threads) do
         duration = math.max(duration, thread:get("last_answer_us") - thread:get("began_us"))
      end
   end
   local errors = summary.errors
   io.write(string.format("BENCH %d %d %d %d %d\n", summary.requests, duration, others,
      latency:percentile(99), errors.connect + errors.read + errors.write + errors.timeout))
end
