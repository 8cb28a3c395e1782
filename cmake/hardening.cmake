# The flags of every target: warnings are errors, and the release carries what the OpenSSF compiler hardening guide asks
# of GCC 12.
add_library(postern_flags INTERFACE)
target_compile_options(postern_flags INTERFACE
    -Wall -Wextra -Wshadow -Wconversion -Wformat=2 -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
    -Wtrampolines -Werror
    # Designated initialisers leave the rest to its defaults; that is what they are for.
    -Wno-missing-field-initializers
    # GCC 12 sees overlapping copies in ordinary std::string concatenation (its bug 105651).
    -Wno-restrict)

set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
# Full debug information doubles the time of a build; line numbers are enough for a stack trace.
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g1")

target_compile_options(postern_flags INTERFACE "$<$<CONFIG:Release>:SHELL:-fPIE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 \
-D_GLIBCXX_ASSERTIONS -fstack-protector-strong -fstack-clash-protection -ftrivial-auto-var-init=zero \
-fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing>")
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
    target_compile_options(postern_flags INTERFACE $<$<CONFIG:Release>:-fcf-protection=full>)
elseif(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
    target_compile_options(postern_flags INTERFACE $<$<CONFIG:Release>:-mbranch-protection=standard>)
endif()
target_link_options(postern_flags INTERFACE
    "$<$<CONFIG:Release>:-pie;LINKER:-z,relro,-z,now,-z,noexecstack,--as-needed>")
