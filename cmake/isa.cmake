# One function builds a room's kernels for every instruction set.
#
#   mlqa_add_kernels(<target> core/vmath pairwise/tiles ...)
#
# compiles cpp/<area>/<room>.kernel.cpp once per level, with MLQA_ISA naming the level, and links the
# objects into <target>, lowest level first: should a symbol ever be shared against the rules, the copy
# that every processor can run is the one that wins.

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" AND NOT CMAKE_OSX_ARCHITECTURES MATCHES "arm64")
  set(MLQA_ISA_LEVELS v2 v3 v4)
  set(MLQA_ISA_FLAGS_v2 -march=x86-64-v2)
  set(MLQA_ISA_FLAGS_v3 -march=x86-64-v3)
  set(MLQA_ISA_FLAGS_v4 -march=x86-64-v4 -mprefer-vector-width=512)
else()
  set(MLQA_ISA_LEVELS baseline)
  set(MLQA_ISA_FLAGS_baseline "")
endif()

# AMX is a level by itself: kernels that multiply tiles have one table more, which is asked for at run time.
set(MLQA_AMX 0)
set(MLQA_ISA_FLAGS_v4amx ${MLQA_ISA_FLAGS_v4} -mamx-tile -mamx-bf16 -mamx-int8)
if("v4" IN_LIST MLQA_ISA_LEVELS AND CMAKE_SYSTEM_NAME STREQUAL "Linux")
  include(CheckCXXCompilerFlag)
  check_cxx_compiler_flag("-mamx-tile -mamx-bf16 -mamx-int8" MLQA_COMPILER_KNOWS_AMX)
  if(MLQA_COMPILER_KNOWS_AMX)
    set(MLQA_AMX 1)
  endif()
endif()

# Rounding is what the source says (-ffp-contract=off; fused multiply-adds are written out), so that it
# depends on no compiler's taste. A kernel is never built below -O2: there its templates would be weak
# symbols, and one level's copy could be called from another's.
set(MLQA_KERNEL_FLAGS
    -O3 -ffp-contract=off -fno-math-errno -fno-trapping-math -fno-exceptions -fno-rtti
    -fno-asynchronous-unwind-tables -fvisibility=hidden)

# GCC's own AVX-512 intrinsics read a variable before it is set (its bug 105593).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND MLQA_KERNEL_FLAGS -Wno-maybe-uninitialized)
endif()

# One kernel, one level.
function(mlqa_add_kernel target room level)
  string(REPLACE "/" "_" name ${room})
  set(object kernel_${name}_${level})
  add_library(${object} OBJECT ${PROJECT_SOURCE_DIR}/cpp/${room}.kernel.cpp)
  target_include_directories(${object} PRIVATE ${PROJECT_SOURCE_DIR}/cpp)
  target_compile_definitions(${object} PRIVATE MLQA_ISA=${level})
  target_compile_options(${object} PRIVATE ${MLQA_WARNINGS} ${MLQA_KERNEL_FLAGS} ${MLQA_ISA_FLAGS_${level}})
  set_target_properties(${object} PROPERTIES POSITION_INDEPENDENT_CODE ON INTERPROCEDURAL_OPTIMIZATION OFF)
  mlqa_instrument_kernel(${object})
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:${object}>)
  set_property(GLOBAL APPEND PROPERTY MLQA_KERNELS_${level} ${object})
endfunction()

function(mlqa_add_kernels target)
  foreach(level IN LISTS MLQA_ISA_LEVELS)
    foreach(room IN LISTS ARGN)
      mlqa_add_kernel(${target} ${room} ${level})
    endforeach()
  endforeach()
endfunction()

# mlqa_add_tile_kernels(<target> pairwise/split ...): the same sources once more, for AMX, where it is known.
function(mlqa_add_tile_kernels target)
  if(MLQA_AMX)
    foreach(room IN LISTS ARGN)
      mlqa_add_kernel(${target} ${room} v4amx)
    endforeach()
  endif()
endfunction()

# A test for each level: its objects share no symbols with another's. Instrumented ones call their sanitizer.
function(mlqa_test_kernel_symbols)
  if(NOT CMAKE_NM OR WIN32 OR MLQA_SANITIZE)
    return()
  endif()
  foreach(level IN LISTS MLQA_ISA_LEVELS ITEMS v4amx)
    get_property(kernels GLOBAL PROPERTY MLQA_KERNELS_${level})
    if(kernels)
      list(TRANSFORM kernels REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>")
      list(JOIN kernels "," objects)
      add_test(NAME symbols_${level} COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DLEVEL=${level} -DOBJECTS=${objects}
               -P ${PROJECT_SOURCE_DIR}/cmake/kernel_symbols.cmake)
    endif()
  endforeach()
endfunction()
