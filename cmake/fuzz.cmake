# The fuzzing targets (fuzz/target.hpp): in the preset "fuzz", which needs clang, a program of libFuzzer's with no more of
# the server than they need.
file(GLOB fuzz_targets CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/fuzz/*.cpp)
if(POSTERN_FUZZER)
    file(GLOB fuzzed CONFIGURE_DEPENDS src/base/*.cpp src/verify/*.cpp src/crypto/*_recipe.cpp src/app/configuration*.cpp)
    list(FILTER fuzzed EXCLUDE REGEX "_test\\.cpp$")
    foreach(file api/messages api/query app/nearest cli/csv_records cli/import_format cli/input_file cli/json_records
            cli/keycloak_user cli/origin core/claims core/import core/records core/scopes crypto/hash_importer crypto/hash_text
            crypto/icu_text crypto/stored_hash http/message http/request_reader)
        list(APPEND fuzzed src/${file}.cpp)
    endforeach()
    add_executable(fuzz EXCLUDE_FROM_ALL ${fuzz_targets} ${fuzzed} clients/cpp/src/feed.cpp)
    target_include_directories(fuzz PRIVATE src)
    target_link_libraries(fuzz PRIVATE postern_flags postern_asio postern_boost_json tl::expected spdlog::spdlog sodium
        ZLIB::ZLIB OpenSSL::Crypto ICU::uc PkgConfig::argon2 crypt tomlplusplus::tomlplusplus)
    # What these files could also call, and no target does, is not built.
    target_link_options(fuzz PRIVATE -fsanitize=fuzzer LINKER:--unresolved-symbols=ignore-all)
endif()
