-- Sends the requests of a file in turn, each "<bytes>\n<request>"; with BENCH_ONCE set each is sent once, and then the
-- thread stops. Each thread takes its own share. Answers that are not 200 are counted apart.
local threads = {}

function setup(thread)
   thread:set("number", #threads)
   thread:set("count", tonumber(os.getenv("BENCH_THREADS")))
   table.insert(threads, thread)
end

function init(_)
   requests, others, next_request = {}, 0, 1
   local file = assert(io.open(os.getenv("BENCH_REQUESTS"), "rb"))
   local position = 0
   for length in file:lines() do
      local text = file:read(tonumber(length))
      if position % count == number then table.insert(requests, text) end
      position = position + 1
   end
   file:close()
   once = os.getenv("BENCH_ONCE") ~= nil
end

function request()
   local text = requests[next_request]
   next_request = next_request + 1
   if next_request > #requests then
      if once then wrk.thread:stop() end
      next_request = 1
   end
   return text
end

function response(status, _, _)
   if status ~= 200 then others = others + 1 end
end

function done(summary, latency, _)
   local others = 0
   for _, thread in ipairs(threads) do others = others + thread:get("others") end
   io.write(string.format("BENCH %d %d %d %d %d\n", summary.requests, summary.duration, others,
      latency:percentile(99), summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
