-- Each thread has one connection and one session: it refreshes, and sends the refresh token of each answer next.
dofile(os.getenv("BENCH_REPORT"))

function setup(thread)
   add_thread(thread)
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
