# What ./dev test faults breaks things with; built only when asked for.
add_library(fault_shim MODULE EXCLUDE_FROM_ALL tests/faults/fault_shim.c)
set_target_properties(fault_shim PROPERTIES PREFIX "")
target_link_libraries(fault_shim PRIVATE ${CMAKE_DL_LIBS})

add_executable(old_store EXCLUDE_FROM_ALL tests/faults/old_store.cpp)
target_link_libraries(old_store PRIVATE postern_store)
add_custom_target(fault_programs DEPENDS fault_shim old_store)
