-- Sends the requests of a file in turn, each "<bytes>\n<request>"; with BENCH_ONCE set each is sent once, and then the
-- thread stops and says SENT. Each thread takes its own share. Answers that are not 200 are counted apart.
dofile(os.getenv("BENCH_REPORT"))

function setup(thread)
   thread:set("count", tonumber(os.getenv("BENCH_THREADS")))
   add_thread(thread)
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
   began_us, last_answer_us = now_us(), now_us()
end

function request()
   local text = requests[next_request]
   next_request = next_request + 1
   if next_request > #requests then
      if once then
         wrk.thread:stop()
         io.write("SENT\n")
         io.flush()
      end
      next_request = 1
   end
   return text
end

function response(status, _, _)
   if status ~= 200 then others = others + 1 end
   if once then last_answer_us = now_us() end
end
