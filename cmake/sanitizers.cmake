# -DMLQA_SANITIZE=address,undefined | thread | coverage instruments every object of the project.
set(MLQA_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread; or coverage")

function(mlqa_instrument target)
  if(MLQA_SANITIZE STREQUAL "coverage")
    target_compile_options(${target} PRIVATE --coverage)
    target_link_options(${target} PRIVATE --coverage)
  elseif(MLQA_SANITIZE)
    target_compile_options(${target} PRIVATE -g1 -fno-omit-frame-pointer -fsanitize=${MLQA_SANITIZE})
    target_link_options(${target} PRIVATE -fsanitize=${MLQA_SANITIZE})
  endif()
endfunction()
