# The Debian 12 packages that the rooms stand on, as targets.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(SQLite3 3.40 REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CURL 7.88 REQUIRED)
find_package(ICU 72 REQUIRED COMPONENTS uc)
find_package(spdlog REQUIRED)
find_package(prometheus-cpp REQUIRED CONFIG)
find_package(tomlplusplus REQUIRED CONFIG)
find_package(CLI11 REQUIRED CONFIG)
find_package(tl-expected REQUIRED CONFIG)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(argon2 REQUIRED IMPORTED_TARGET libargon2)

add_library(sodium ALIAS PkgConfig::sodium)

add_library(postern_boost_json INTERFACE)
target_link_libraries(postern_boost_json INTERFACE Boost::json)

# Asio and Beast: their bodies compiled once, one definition of their options for every translation unit. A thread keeps
# the memory of as many coroutine frames as a request has, for the next one: two, as Asio would have it, are too few.
add_library(postern_asio STATIC cmake/asio.cpp)
target_compile_definitions(postern_asio PUBLIC
    BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_NO_TS_EXECUTORS
    BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=8
    BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION)
target_link_libraries(postern_asio PUBLIC Boost::headers Threads::Threads OpenSSL::SSL PRIVATE postern_flags)

if(POSTERN_TESTS)
    find_package(GTest REQUIRED)
    find_package(rapidcheck REQUIRED CONFIG)
endif()
