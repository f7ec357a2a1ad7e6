# What the object of a kernel may show to the linker: the table of its level, and nothing else. A weak symbol
# could be taken from another level's object, and run where the processor lacks its instructions; a function
# of a library could be compiled for any.
#
#   cmake -DNM=nm -DLEVEL=v3 -DOBJECTS=first.o,second.o -P kernel_symbols.cmake
set(library "_?(memcpy|memset|memmove|_GLOBAL_OFFSET_TABLE_)")

function(refuse reason names)
  if(names)
    message(SEND_ERROR "${object}: ${reason}:${names}")
  endif()
endfunction()

string(REPLACE "," ";" objects "${OBJECTS}")
foreach(object IN LISTS objects)
  execute_process(COMMAND "${NM}" -C "${object}" OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  # Names of functions may hold what CMake's lists are made of.
  string(REGEX REPLACE "[][;]" "|" symbols "\n${symbols}")

  string(REGEX MATCHALL "\n[0-9a-f ]+ [WwVvu] [^\n]+" weak "${symbols}")
  refuse("another level's copy could be called for" "${weak}")

  string(REGEX MATCHALL "\n[0-9a-f]+ [A-TX-Z] [^\n]+" exported "${symbols}")
  list(LENGTH exported count)
  if(NOT count EQUAL 1 OR NOT exported MATCHES " mlqa::([a-z0-9_]+::)*[a-z0-9_]+_table_${LEVEL}$")
    message(SEND_ERROR "${object}: exports more than its table, or another:${exported}")
  endif()

  string(REGEX MATCHALL "\n +U [^\n]+" wanted "${symbols}")
  list(FILTER wanted EXCLUDE REGEX " U ${library}$")
  refuse("calls" "${wanted}")
endforeach()
