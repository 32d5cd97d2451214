# SPDX-License-Identifier: Apache-2.0
# lido_room(NAME [USES rooms...] [LINKS targets...] [PRIVATE_LINKS targets...] [ORDER names...])
#
# A room is a static library of the .cpp files beside its CMakeLists.txt and in folders below it.
# NAME_test.cpp files become its tests, labelled with the room's name, NAME_fuzz.cpp files its fuzz
# targets, replayed over tests/corpus as tests. A room may use only rooms added before it. ORDER
# names files (without suffix) or folders: each includes only those named before it;
# tests/check_rooms.py checks that.

# Compiles several files of a target as one, which costs less than half the CPU time.
function(lido_unity target)
  if(LIDO_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    # GCC takes each file of a batch for a header, in which types of unnamed namespaces are suspect.
    target_compile_options(${target} PRIVATE
                           $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()

# A fuzz target, and a test of the given label that replays the target's corpus.
# lido_fuzz(SOURCE LABEL LINKS...)
function(lido_fuzz source label)
  get_filename_component(target ${source} NAME_WE)
  if(LIDO_TESTS)
    add_executable(${target}_replay ${source} ${CMAKE_SOURCE_DIR}/tests/replay.cpp)
    target_link_libraries(${target}_replay PRIVATE ${ARGN})
    add_test(NAME corpus.${target}
             COMMAND ${target}_replay ${CMAKE_SOURCE_DIR}/tests/corpus/${target})
    set_tests_properties(corpus.${target} PROPERTIES LABELS "corpus;${label}" TIMEOUT 300)
  endif()
  if(LIDO_FUZZ)
    add_executable(${target} ${source})
    target_link_libraries(${target} PRIVATE ${ARGN})
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  endif()
endfunction()

function(lido_room name)
  cmake_parse_arguments(room "" "" "USES;LINKS;PRIVATE_LINKS;ORDER" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cpp)
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cpp$")
  add_library(lido_${name} STATIC ${sources})
  target_include_directories(lido_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_compile_options(lido_${name} PRIVATE ${LIDO_WARNINGS})
  lido_unity(lido_${name})
  foreach(used ${room_USES})
    if(NOT TARGET lido_${used})
      message(FATAL_ERROR "Room ${name} uses ${used}, a later room in src/lido/CMakeLists.txt.")
    endif()
    target_link_libraries(lido_${name} PUBLIC lido_${used})
  endforeach()
  target_link_libraries(lido_${name} PUBLIC ${room_LINKS} PRIVATE ${room_PRIVATE_LINKS})
  if(LIDO_TESTS AND tests)
    add_executable(${name}_tests ${tests})
    target_compile_options(${name}_tests PRIVATE ${LIDO_WARNINGS})
    lido_unity(${name}_tests)
    target_link_libraries(${name}_tests
                          PRIVATE lido_${name} ${room_PRIVATE_LINKS} GTest::gtest_main)
    gtest_discover_tests(${name}_tests TEST_PREFIX ${name}. PROPERTIES LABELS ${name} TIMEOUT 300
                         DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120)
  endif()
  foreach(source ${fuzzers})
    lido_fuzz(${source} ${name} lido_${name} ${room_PRIVATE_LINKS})
  endforeach()
endfunction()
