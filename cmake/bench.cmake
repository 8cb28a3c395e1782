# What ./dev bench drives and measures the server against; built only when asked for.
function(postern_bare_limit name)
    add_executable(bare_${name} EXCLUDE_FROM_ALL bench/limits/${name}.c)
    target_link_libraries(bare_${name} PRIVATE ${ARGN})
endfunction()
postern_bare_limit(hash sodium Threads::Threads)
postern_bare_limit(signature OpenSSL::Crypto)
postern_bare_limit(sql SQLite::SQLite3 OpenSSL::Crypto)

foreach(generator open_loop refresh_chains)
    add_executable(${generator} EXCLUDE_FROM_ALL bench/load/${generator}.cpp)
endforeach()
add_custom_target(bench_programs DEPENDS bare_hash bare_signature bare_sql open_loop refresh_chains)

find_package(benchmark QUIET CONFIG) # ./dev bench installs it
if(benchmark_FOUND)
    add_executable(hot_functions EXCLUDE_FROM_ALL bench/hot/hot_functions.cpp)
    target_link_libraries(hot_functions PRIVATE postern_store postern_crypto postern_http benchmark::benchmark)
    add_dependencies(bench_programs hot_functions)
endif()
