# Warnings are errors; the release carries the OpenSSF compiler hardening guide's flags for GCC 12.
add_library(postern_flags INTERFACE)
target_compile_options(postern_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wformat=2 -Wnon-virtual-dtor -Woverloaded-virtual -Wno-pedantic -Werror)
