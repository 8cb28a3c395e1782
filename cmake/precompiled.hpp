// What most files include (precompiled.cmake). CLI11, which only one room includes, would bring every file variables
// and functions to compile.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/describe/class.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <set>
#include <sstream>
#include <thread>
#include <unordered_map>

#include "api/service.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "core/store.hpp"
#include "core/testing.hpp"
#include "http/server.hpp"
