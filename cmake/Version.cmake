# memleak_version: the project's version and the git revision, in a library of its own, so that a new
# commit recompiles one small file and nothing else.
#
# MEMLEAK_REVISION may be given where there is no git tree (a source package).
set(MEMLEAK_REVISION "" CACHE STRING "Revision to show; empty: ask git")
set(memleak_revision "${MEMLEAK_REVISION}")
if(NOT memleak_revision)
  execute_process(
    COMMAND git rev-parse --short=12 HEAD
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    OUTPUT_VARIABLE memleak_revision
    OUTPUT_STRIP_TRAILING_WHITESPACE
    ERROR_QUIET)
  # Configure again when HEAD moves, or the revision would be that of the first build.
  execute_process(
    COMMAND git rev-parse --git-path logs/HEAD
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    OUTPUT_VARIABLE memleak_git_log
    OUTPUT_STRIP_TRAILING_WHITESPACE
    ERROR_QUIET)
  cmake_path(ABSOLUTE_PATH memleak_git_log BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
  if(EXISTS ${memleak_git_log} AND NOT IS_DIRECTORY ${memleak_git_log})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${memleak_git_log})
  endif()
endif()
if(NOT memleak_revision)
  set(memleak_revision unknown)
endif()

configure_file(${PROJECT_SOURCE_DIR}/cmake/version.cc.in ${PROJECT_BINARY_DIR}/version.cc @ONLY)
add_library(memleak_version STATIC ${PROJECT_BINARY_DIR}/version.cc)
target_link_libraries(memleak_version PRIVATE memleak_options)
