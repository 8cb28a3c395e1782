# The builds that are made from nothing for one run of the unit tests (presets asan and tsan) take two thirds of the time
# when what nearly every file includes is read once. Others do without: a file must compile with its own includes, and
# ccache does not keep what was compiled so.
function(postern_precompiled target)
    if(POSTERN_PRECOMPILED)
        target_precompile_headers(${target} REUSE_FROM postern_precompiled)
        # Asio's headers define variables that need Asio, whether a file uses it or not.
        target_link_libraries(${target} PRIVATE $<LINK_ONLY:postern_asio>)
    endif()
endfunction()

if(POSTERN_PRECOMPILED)
    file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/precompiled.cpp CONTENT "")
    add_library(postern_precompiled OBJECT ${CMAKE_BINARY_DIR}/precompiled.cpp)
    target_include_directories(postern_precompiled PRIVATE src)
    target_precompile_headers(postern_precompiled PRIVATE cmake/precompiled.hpp)
    target_link_libraries(postern_precompiled PRIVATE
        postern_asio postern_boost_json postern_flags spdlog::spdlog sodium GTest::gtest)
endif()
