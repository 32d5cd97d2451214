# SPDX-License-Identifier: Apache-2.0
# cmake -D LIDO_VERSION=... -D IN=version.cpp.in -D OUT=version.cpp -P Version.cmake
# Writes the version with git's commit. A file that would not change is left alone, so that nothing
# is compiled again.
get_filename_component(folder ${IN} DIRECTORY)
execute_process(COMMAND git -C ${folder} describe --always --dirty --abbrev=10 --exclude=*
                OUTPUT_VARIABLE LIDO_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE
                ERROR_QUIET RESULT_VARIABLE failed)
if(failed OR NOT LIDO_COMMIT)
  set(LIDO_COMMIT unknown)
endif()
configure_file(${IN} ${OUT} @ONLY)
