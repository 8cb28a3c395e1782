# What makes a build quicker when the machine has it: ccache for compiling, mold for linking.
find_program(POSTERN_CCACHE ccache)
if(POSTERN_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${POSTERN_CCACHE})
    set(CMAKE_C_COMPILER_LAUNCHER ${POSTERN_CCACHE})
endif()

find_program(POSTERN_MOLD mold)
if(POSTERN_MOLD)
    add_link_options(-fuse-ld=mold)
endif()
