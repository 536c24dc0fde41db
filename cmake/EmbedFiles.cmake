# embed_page_assets(TARGET FOLDER FILE...): compiles the page's files into TARGET, as a generated
# source that exporter/web/page/assets.cc looks things up in. A change of a file writes it anew.
#
# Also the script that writes it: cmake -D OUT=... -D FOLDER=... -D FILES=a,b -P EmbedFiles.cmake

if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(MEMLEAK_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
  function(embed_page_assets target folder)
    set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded_assets.cc)
    list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/ OUTPUT_VARIABLE paths)
    # A list would be taken apart on its way through the command line.
    list(JOIN ARGN "," names)
    add_custom_command(
      OUTPUT ${out}
      COMMAND ${CMAKE_COMMAND} -D OUT=${out} -D FOLDER=${CMAKE_CURRENT_SOURCE_DIR}/${folder}
        -D FILES=${names} -P ${MEMLEAK_EMBED_SCRIPT}
      DEPENDS ${paths} ${MEMLEAK_EMBED_SCRIPT}
      COMMENT "Embedding the page's files"
      VERBATIM)
    target_sources(${target} PRIVATE ${out})
  endfunction()
  return()
endif()

set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_svg "image/svg+xml")

set(rows "")
string(REPLACE "," ";" files "${FILES}")
foreach(name IN LISTS files)
  file(READ ${FOLDER}/${name} hex HEX)
  string(LENGTH "${hex}" length)
  math(EXPR size "${length} / 2")
  # Any byte may be in a file, and a string of escapes holds any.
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${hex}")
  # A line of the file on a line.
  string(REPLACE "\\x0a" "\\x0a\"\n     \"" bytes "${bytes}")
  file(SHA256 ${FOLDER}/${name} digest)
  string(SUBSTRING "${digest}" 0 24 digest)
  string(REGEX REPLACE ".*\\." "" suffix "${name}")
  if(NOT DEFINED type_${suffix})
    message(FATAL_ERROR "${name}: of what type is a file with this ending?")
  endif()
  set(path "/assets/${name}")
  if(name STREQUAL "index.html")
    set(path "/")
  endif()
  string(APPEND rows "    {\"${path}\", \"${type_${suffix}}\", \"\\\"${digest}\\\"\",\n"
    "     std::string_view(\"${bytes}\", ${size})},\n")
endforeach()

file(WRITE ${OUT}.new "// Written by cmake/EmbedFiles.cmake.
#include \"exporter/web/page/embedded_assets.h\"

namespace memleak {
namespace {

constexpr Asset kAssets[] = {
${rows}};

}  // namespace

std::span<const Asset> EmbeddedAssets() { return kAssets; }

}  // namespace memleak
")
file(RENAME ${OUT}.new ${OUT})
