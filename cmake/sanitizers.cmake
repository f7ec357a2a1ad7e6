# -DMLQA_SANITIZE=address,undefined | thread | coverage instruments every object of the project.
set(MLQA_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread; or coverage")

function(mlqa_instrument target)
  if(MLQA_SANITIZE STREQUAL "coverage")
    target_compile_options(${target} PRIVATE --coverage -fprofile-update=atomic) # threads count as well
    target_link_options(${target} PRIVATE --coverage)
  elseif(MLQA_SANITIZE)
    target_compile_options(${target} PRIVATE -g1 -fno-omit-frame-pointer -fsanitize=${MLQA_SANITIZE})
    target_link_options(${target} PRIVATE -fsanitize=${MLQA_SANITIZE})
  endif()
endfunction()

# Kernels are unrolled a hundred times over, and instrumented code is compiled at the speed of its size:
# checks of addresses become calls, and of pointers those stay that AddressSanitizer does not make anyway.
function(mlqa_instrument_kernel target)
  mlqa_instrument(${target})
  if(MLQA_SANITIZE MATCHES "address")
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      set(calls --param=asan-instrumentation-with-call-threshold=0)
    else()
      set(calls "SHELL:-mllvm -asan-instrumentation-with-call-threshold=0")
    endif()
    target_compile_options(${target} PRIVATE ${calls} -fno-sanitize=null,object-size,pointer-overflow)
  endif()
endfunction()
