# SPDX-License-Identifier: Apache-2.0
# Finds a libtorch or torch (>= 2.6) and defines the imported targets Libtorch::torch_cpu and Libtorch::c10.
# The wheel's own package file makes CUDA mandatory, so it is not used (docs/decisions/0001-libtorch.md).
# LIBTORCH_ROOT names the folder that holds include/ and lib/.
find_path(Libtorch_INCLUDE_DIR ATen/core/Tensor.h HINTS ${LIBTORCH_ROOT}/include ${LIBTORCH_ROOT}/torch/include
          NO_DEFAULT_PATH)
find_library(Libtorch_CPU torch_cpu HINTS ${LIBTORCH_ROOT}/lib ${LIBTORCH_ROOT}/torch/lib NO_DEFAULT_PATH)
find_library(Libtorch_C10 c10 HINTS ${LIBTORCH_ROOT}/lib ${LIBTORCH_ROOT}/torch/lib NO_DEFAULT_PATH)
foreach(candidate torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
  if(NOT Libtorch_VERSION AND EXISTS "${Libtorch_INCLUDE_DIR}/${candidate}")
    file(STRINGS "${Libtorch_INCLUDE_DIR}/${candidate}" version_lines
         REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) [0-9]+")
    string(REGEX MATCHALL " [0-9]+" version_numbers "${version_lines}")
    string(REPLACE "; " "." Libtorch_VERSION "${version_numbers}")
    string(STRIP "${Libtorch_VERSION}" Libtorch_VERSION)
  endif()
endforeach()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Libtorch REQUIRED_VARS Libtorch_CPU Libtorch_C10 Libtorch_INCLUDE_DIR
                                  VERSION_VAR Libtorch_VERSION
                                  REASON_FAILURE_MESSAGE "run ./dev setup, or set LIBTORCH_ROOT to a torch >= 2.6")
if(Libtorch_FOUND AND NOT TARGET Libtorch::torch_cpu)
  foreach(name c10 torch_cpu)
    add_library(Libtorch::${name} UNKNOWN IMPORTED)
    set_target_properties(Libtorch::${name} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES
      "${Libtorch_INCLUDE_DIR};${Libtorch_INCLUDE_DIR}/torch/csrc/api/include")
  endforeach()
  set_target_properties(Libtorch::c10 PROPERTIES IMPORTED_LOCATION "${Libtorch_C10}")
  set_target_properties(Libtorch::torch_cpu PROPERTIES IMPORTED_LOCATION "${Libtorch_CPU}"
                                                       INTERFACE_LINK_LIBRARIES Libtorch::c10)
endif()
