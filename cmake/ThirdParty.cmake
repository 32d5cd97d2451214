# SPDX-License-Identifier: Apache-2.0
# Third-party parts as imported targets. Debian's packages carry all but Arrow, whose C++ headers and
# libraries come in the pyarrow wheel, so that one libarrow serves the program and Python alike.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(pugixml REQUIRED)
pkg_check_modules(ffmpeg REQUIRED IMPORTED_TARGET libavformat libavcodec libavutil libswscale)
pkg_check_modules(turbojpeg REQUIRED IMPORTED_TARGET libturbojpeg)
pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc)
if(LIDO_TESTS)
  find_package(GTest REQUIRED)
endif()

set(LIDO_VENV ${CMAKE_SOURCE_DIR}/.venv CACHE PATH "Python environment that holds pyarrow")
file(GLOB LIDO_PYARROW ${LIDO_VENV}/lib/python3*/site-packages/pyarrow)
if(NOT LIDO_PYARROW)
  message(FATAL_ERROR "No pyarrow in ${LIDO_VENV}: run ./dev setup first, or set LIDO_VENV.")
endif()
set(LIDO_ARROW_VERSION 2600)
foreach(part arrow parquet arrow_s3)
  add_library(arrow_${part} SHARED IMPORTED)
  set_target_properties(arrow_${part} PROPERTIES
    IMPORTED_LOCATION ${LIDO_PYARROW}/lib${part}.so.${LIDO_ARROW_VERSION}
    IMPORTED_SONAME lib${part}.so.${LIDO_ARROW_VERSION}
    INTERFACE_INCLUDE_DIRECTORIES ${LIDO_PYARROW}/include)
endforeach()
