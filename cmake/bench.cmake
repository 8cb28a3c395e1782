# The bare limits that ./dev bench measures the server against; built only when asked for.
add_executable(bare_hash EXCLUDE_FROM_ALL bench/limits/hash.c)
target_link_libraries(bare_hash PRIVATE sodium Threads::Threads)
