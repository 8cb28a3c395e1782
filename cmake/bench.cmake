# What ./dev bench drives and measures the server against; built only when asked for.
function(postern_bare_limit name)
    add_executable(bare_${name} EXCLUDE_FROM_ALL bench/limits/${name}.c)
    target_link_libraries(bare_${name} PRIVATE ${ARGN})
endfunction()
postern_bare_limit(hash sodium Threads::Threads)
postern_bare_limit(signature OpenSSL::Crypto)
postern_bare_limit(sql SQLite::SQLite3 OpenSSL::Crypto)

add_executable(open_loop EXCLUDE_FROM_ALL bench/load/open_loop.cpp)
add_custom_target(bench_programs DEPENDS bare_hash bare_signature bare_sql open_loop)
