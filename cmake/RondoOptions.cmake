# SPDX-License-Identifier: Apache-2.0
# Every compiler flag and option of the project stands here.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")

option(RONDO_TESTS "Build the tests" ON)
option(RONDO_SANITIZE "Address and undefined-behaviour sanitizers" OFF)
option(RONDO_WERROR "Warnings are errors" ON)

add_library(rondo_flags INTERFACE)
target_compile_options(rondo_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
                                             -Wunused-const-variable -Wnon-virtual-dtor
                                             -Wno-missing-field-initializers)
# GCC 12 sees overlapping, overlong and misplaced copies inside std::string that are not there (GCC bugs 105329, 105651);
# through a precompiled header it no longer knows that the place is in a system header and would stop the build.
target_compile_options(rondo_flags INTERFACE
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict;-Wno-array-bounds;-Wno-stringop-overflow;-Wno-stringop-overread>)
if(RONDO_WERROR)
  target_compile_options(rondo_flags INTERFACE -Werror)
endif()
# Archives that others link into shared libraries. For every target, because all of them reuse the same precompiled headers.
add_compile_options(-fPIC)
# Assertions name their file; what is installed must not name the folder that it was built in.
add_compile_options("-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=")
# Scores must have the same bits in every build: no contraction of a*b+c behind our back.
add_compile_options(-ffp-contract=off)
if(RONDO_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
# The default linker on purpose: LLD 14 loses the unwind entry of a function that shares its address with an empty one
# (GCC emits such .cold parts), and a throw through it aborts. tests/fuzz holds cases that found it.
