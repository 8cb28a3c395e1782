-- Each thread has one connection and one session: it refreshes, and sends the refresh token of each answer next.
local threads = {}

function setup(thread)
   thread:set("number", #threads)
   table.insert(threads, thread)
end

function init(_)
   others = 0
   local file = assert(io.open(os.getenv("BENCH_TOKENS"), "r"))
   for i = 0, number do token = file:read("*l") end
   file:close()
end

function request()
   return "POST /auth/v1/refresh HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " .. token ..
      "\r\nContent-Length: 0\r\n\r\n"
end

function response(status, _, body)
   local following = string.match(body, '"refresh_token":"([^"]+)"')
   if status ~= 200 or following == nil then
      others = others + 1
   else
      token = following
   end
end

function done(summary, latency, _)
   local others = 0
   for _, thread in ipairs(threads) do others = others + thread:get("others") end
   io.write(string.format("BENCH %d %d %d %d %d\n", summary.requests, summary.duration, others,
      latency:percentile(99), summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
