# SPDX-License-Identifier: Apache-2.0
# Compiles for aarch64 with Debian's cross compiler, against the libraries that
# cmake/aarch64_root.sh unpacked.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc-12)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++-12)

set(LIDO_AARCH64_ROOT ${CMAKE_CURRENT_LIST_DIR}/../build/aarch64-root)
cmake_path(NORMAL_PATH LIDO_AARCH64_ROOT)
set(CMAKE_SYSROOT ${LIDO_AARCH64_ROOT})
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(usr ${LIDO_AARCH64_ROOT}/usr)
set(ENV{PKG_CONFIG_LIBDIR} ${usr}/lib/aarch64-linux-gnu/pkgconfig:${usr}/share/pkgconfig)
unset(usr)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${LIDO_AARCH64_ROOT})
set(LIDO_VENV ${LIDO_AARCH64_ROOT}/venv CACHE PATH "Python environment that holds pyarrow")
# Tests run under emulation.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static -L ${LIDO_AARCH64_ROOT})
