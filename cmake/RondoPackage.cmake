# SPDX-License-Identifier: Apache-2.0
# `cmake --install`: the program, headers, archives, and what find_package(rondo) needs. Nothing of it names the folder
# that it was built in; libtorch and Arrow are found again where they are used (LIBTORCH_ROOT, ARROW_ROOT).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/rondo")

get_property(modules GLOBAL PROPERTY RONDO_MODULES)
foreach(module ${modules})
  set_target_properties(rondo_${module} PROPERTIES EXPORT_NAME ${module})
  list(APPEND module_targets rondo_${module})
endforeach()
# rondo::rondo is all that programs call (docs/api.md); modules can be linked one by one.
add_library(rondo_all INTERFACE)
set_target_properties(rondo_all PROPERTIES EXPORT_NAME rondo)
target_link_libraries(rondo_all INTERFACE rondo_runs)

install(TARGETS rondo_all ${module_targets} EXPORT rondo ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(EXPORT rondo NAMESPACE rondo:: FILE rondo-targets.cmake DESTINATION "${package_folder}")
install(DIRECTORY "${CMAKE_SOURCE_DIR}/src/rondo" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.h" PATTERN "*.def" PATTERN "*_pch.h" EXCLUDE PATTERN "test_folder.h" EXCLUDE)
install(FILES "${CMAKE_BINARY_DIR}/generated/rondo/base/version.h" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/rondo/base")
# The program finds libtorch and Arrow where it was linked with them.
set_target_properties(rondo PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS rondo RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")

configure_package_config_file("${CMAKE_SOURCE_DIR}/cmake/rondo-config.cmake.in"
                              "${CMAKE_BINARY_DIR}/rondo-config.cmake" INSTALL_DESTINATION "${package_folder}")
write_basic_package_version_file("${CMAKE_BINARY_DIR}/rondo-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/rondo-config.cmake" "${CMAKE_BINARY_DIR}/rondo-config-version.cmake"
              "${CMAKE_SOURCE_DIR}/cmake/FindLibtorch.cmake" "${CMAKE_SOURCE_DIR}/cmake/FindArrowCpp.cmake"
        DESTINATION "${package_folder}")
