# SPDX-License-Identifier: Apache-2.0
# Third-party parts as imported targets. Debian's packages carry all but two: Arrow, whose C++
# headers and libraries are in the pyarrow wheel, so that one libarrow serves the program and
# Python alike; and OpenVINO, in its own wheel.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(pugixml REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CURL REQUIRED)
pkg_check_modules(ffmpeg REQUIRED IMPORTED_TARGET libavformat libavcodec libavutil libswscale)
pkg_check_modules(turbojpeg REQUIRED IMPORTED_TARGET libturbojpeg)
pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc)
pkg_check_modules(sqlite REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(icu REQUIRED IMPORTED_TARGET icu-uc)
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

file(GLOB LIDO_OPENVINO ${LIDO_VENV}/lib/python3*/site-packages/openvino)
if(NOT LIDO_OPENVINO)
  message(FATAL_ERROR "No openvino in ${LIDO_VENV}: run ./dev setup first, or set LIDO_VENV.")
endif()
set(LIDO_OPENVINO_VERSION 2641)
add_library(openvino SHARED IMPORTED)
set_target_properties(openvino PROPERTIES
  IMPORTED_LOCATION ${LIDO_OPENVINO}/libs/libopenvino.so.${LIDO_OPENVINO_VERSION}
  IMPORTED_SONAME libopenvino.so.${LIDO_OPENVINO_VERSION}
  INTERFACE_INCLUDE_DIRECTORIES ${LIDO_OPENVINO}/include)

# Debian's CMake package of OpenCV wants every module of it; these are the ones used.
find_path(LIDO_OPENCV_INCLUDE opencv2/core.hpp PATH_SUFFIXES opencv4 REQUIRED)
foreach(part core imgproc video calib3d aruco)
  find_library(LIDO_OPENCV_${part} opencv_${part} REQUIRED)
  add_library(opencv_${part} SHARED IMPORTED)
  set_target_properties(opencv_${part} PROPERTIES
    IMPORTED_LOCATION ${LIDO_OPENCV_${part}}
    INTERFACE_INCLUDE_DIRECTORIES ${LIDO_OPENCV_INCLUDE})
endforeach()

# LibTorch out of the torch wheel, for training alone. Its CMake package wants a CUDA toolkit; these
# two libraries run on the CPU.
set(LIDO_LIBTORCH "" CACHE PATH "Folder torch of the torch wheel; empty: build/torch, if there")
set(LIDO_TORCH "${LIDO_LIBTORCH}")
set(fetched ${CMAKE_SOURCE_DIR}/build/torch/torch)
if(NOT LIDO_TORCH AND EXISTS ${fetched} AND NOT SKBUILD AND NOT LIDO_SANITIZE AND NOT LIDO_FUZZ
   AND NOT CMAKE_CROSSCOMPILING)
  set(LIDO_TORCH ${fetched})
endif()
if(LIDO_TORCH)
  add_library(torch SHARED IMPORTED)
  set_target_properties(torch PROPERTIES
    IMPORTED_LOCATION ${LIDO_TORCH}/lib/libtorch_cpu.so
    INTERFACE_LINK_LIBRARIES ${LIDO_TORCH}/lib/libc10.so
    INTERFACE_INCLUDE_DIRECTORIES
      "${LIDO_TORCH}/include;${LIDO_TORCH}/include/torch/csrc/api/include"
    INTERFACE_LINK_OPTIONS "-Wl,--allow-shlib-undefined")
endif()
