# SPDX-License-Identifier: Apache-2.0
# lido_embed(ROOM files...)
#
# Puts text files of a room (HTML, CSS, JavaScript, GLSL, SVG) into its library, byte for byte. The
# room's sources include "lido/ROOM/embedded.h", which has a `constexpr std::string_view` for each
# file in namespace lido::ROOM::embedded: page.css is kPageCss, film/water.frag.glsl is
# kFilmWaterFragGlsl. A NUL follows each text, so that its data() is a C string. The next build
# embeds a changed file again.
# A file must not hold a NUL byte or `)embedded"`.

if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(LIDO_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

  function(lido_embed room)
    set(header ${CMAKE_BINARY_DIR}/embedded/lido/${room}/embedded.h)
    list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE paths)
    add_custom_command(
      OUTPUT ${header}
      COMMAND ${CMAKE_COMMAND} "-DROOM=${room}" "-DHEADER=${header}"
              "-DFOLDER=${CMAKE_CURRENT_SOURCE_DIR}" "-DFILES=${ARGN}" -P ${LIDO_EMBED_SCRIPT}
      DEPENDS ${paths} ${LIDO_EMBED_SCRIPT}
      COMMENT "Embedding files of ${room}"
      VERBATIM)
    target_sources(lido_${room} PRIVATE ${header})
    target_include_directories(lido_${room} PUBLIC ${CMAKE_BINARY_DIR}/embedded)
  endfunction()
  return()
endif()

# From here on: the script that the build runs to write the header.
set(text "// Written by cmake/LidoEmbed.cmake.\n#pragma once\n\n#include <string_view>\n\n")
string(APPEND text "namespace lido::${ROOM}::embedded {\n")
foreach(file IN LISTS FILES)
  file(READ ${FOLDER}/${file} content)
  string(FIND "${content}" ")embedded\"" end)
  if(NOT end EQUAL -1)
    message(FATAL_ERROR "${FOLDER}/${file} holds )embedded\", which ends its string in C++.")
  endif()
  string(REGEX REPLACE "[^A-Za-z0-9]" ";" words ${file})
  set(name k)
  foreach(word IN LISTS words)
    string(SUBSTRING "${word}" 0 1 first)
    string(SUBSTRING "${word}" 1 -1 rest)
    string(TOUPPER "${first}" first)
    string(APPEND name "${first}${rest}")
  endforeach()
  string(APPEND text "inline constexpr std::string_view ${name} = "
                     "R\"embedded(${content})embedded\";\n")
endforeach()
file(WRITE ${HEADER} "${text}}  // namespace lido::${ROOM}::embedded\n")
