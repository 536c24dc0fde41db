# The task iterator (exporter/host/process/bpf) needs clang for the kernel's side, bpftool to make a
# skeleton of it, and libbpf to load it. Without them it is left out, and /proc serves.
#   MEMLEAK_BPF  AUTO: where they are there; ON: or stop; OFF: leave it out
set(MEMLEAK_BPF AUTO CACHE STRING "Build the task iterator: AUTO, ON or OFF")
set_property(CACHE MEMLEAK_BPF PROPERTY STRINGS AUTO ON OFF)

set(MEMLEAK_BPF_MISSING "")
if(MEMLEAK_BPF STREQUAL "OFF")
  set(MEMLEAK_BPF_MISSING "MEMLEAK_BPF is OFF")
else()
  # Debian 12's libbpf is 1.1.
  pkg_check_modules(libbpf IMPORTED_TARGET libbpf>=1.0)
  find_program(BPF_CLANG NAMES clang)
  # Not on every user's PATH.
  find_program(BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin)
  if(NOT libbpf_FOUND)
    list(APPEND MEMLEAK_BPF_MISSING "no libbpf 1.0 or later")
  endif()
  foreach(program BPF_CLANG BPFTOOL)
    if(NOT ${program})
      list(APPEND MEMLEAK_BPF_MISSING "no ${program}")
    endif()
  endforeach()
  if(MEMLEAK_BPF STREQUAL "ON" AND MEMLEAK_BPF_MISSING)
    message(FATAL_ERROR "MEMLEAK_BPF is ON, but: ${MEMLEAK_BPF_MISSING}")
  endif()
endif()
if(MEMLEAK_BPF_MISSING)
  set(MEMLEAK_HAS_BPF FALSE)
  message(STATUS "Without the task iterator: ${MEMLEAK_BPF_MISSING}")
else()
  set(MEMLEAK_HAS_BPF TRUE)
  message(STATUS "With the task iterator (${BPF_CLANG}, ${BPFTOOL}, libbpf ${libbpf_VERSION})")
endif()

# add_bpf_skeleton(TARGET FOLDER NAME HEADER...): compiles FOLDER/NAME.bpf.c for the kernel, and adds its
# skeleton to TARGET as <FOLDER/NAME.skel.h>, below the project's name for the folder.
function(add_bpf_skeleton target folder name)
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/${name}.bpf.c)
  file(RELATIVE_PATH below ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/${folder})
  set(include ${CMAKE_CURRENT_BINARY_DIR}/skeletons)
  set(out ${include}/${below}/${name})
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/ OUTPUT_VARIABLE headers)
  file(MAKE_DIRECTORY ${include}/${below})
  add_custom_command(
    OUTPUT ${out}.skel.h
    COMMAND ${BPF_CLANG} -target bpf -O2 -g -Wall -Wextra -Werror
      # The folder of the machine's own <asm/types.h>: for its kernel we compile, in a way.
      -isystem /usr/include/${CMAKE_LIBRARY_ARCHITECTURE} ${libbpf_CFLAGS}
      -I ${PROJECT_SOURCE_DIR} -ffile-prefix-map=${PROJECT_SOURCE_DIR}=. -c ${source} -o ${out}.bpf.o
    # What is generated is not ours to judge, and linters look into it where it is included.
    COMMAND ${CMAKE_COMMAND} -E echo "// NOLINTBEGIN" > ${out}.skel.h
    COMMAND ${BPFTOOL} gen skeleton ${out}.bpf.o name ${name}_bpf >> ${out}.skel.h
    COMMAND ${CMAKE_COMMAND} -E echo "// NOLINTEND" >> ${out}.skel.h
    DEPENDS ${source} ${headers}
    COMMENT "Compiling ${name} for the kernel"
    VERBATIM)
  target_sources(${target} PRIVATE ${out}.skel.h)
  target_include_directories(${target} SYSTEM PRIVATE ${include})
  target_link_libraries(${target} PRIVATE PkgConfig::libbpf)
endfunction()
