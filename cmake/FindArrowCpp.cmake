# SPDX-License-Identifier: Apache-2.0
# Finds Apache Arrow C++ with Parquet: an installed package, or the libraries inside the pyarrow wheel
# (which come without plain .so links). ARROW_ROOT names the folder that holds include/ and the libraries.
find_path(ArrowCpp_INCLUDE_DIR arrow/api.h HINTS ${ARROW_ROOT}/include)
file(GLOB arrow_in_wheel "${ARROW_ROOT}/libarrow.so.*")
file(GLOB parquet_in_wheel "${ARROW_ROOT}/libparquet.so.*")
if(arrow_in_wheel AND parquet_in_wheel)
  list(GET arrow_in_wheel 0 ArrowCpp_ARROW)
  list(GET parquet_in_wheel 0 ArrowCpp_PARQUET)
else()
  find_library(ArrowCpp_ARROW arrow HINTS ${ARROW_ROOT}/lib)
  find_library(ArrowCpp_PARQUET parquet HINTS ${ARROW_ROOT}/lib)
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ArrowCpp REQUIRED_VARS ArrowCpp_ARROW ArrowCpp_PARQUET ArrowCpp_INCLUDE_DIR
                                  REASON_FAILURE_MESSAGE "run ./dev setup, or set ARROW_ROOT")
if(ArrowCpp_FOUND AND NOT TARGET ArrowCpp::parquet)
  add_library(ArrowCpp::arrow UNKNOWN IMPORTED)
  add_library(ArrowCpp::parquet UNKNOWN IMPORTED)
  set_target_properties(ArrowCpp::arrow PROPERTIES IMPORTED_LOCATION "${ArrowCpp_ARROW}"
                        INTERFACE_INCLUDE_DIRECTORIES "${ArrowCpp_INCLUDE_DIR}")
  set_target_properties(ArrowCpp::parquet PROPERTIES IMPORTED_LOCATION "${ArrowCpp_PARQUET}"
                        INTERFACE_LINK_LIBRARIES ArrowCpp::arrow)
endif()
