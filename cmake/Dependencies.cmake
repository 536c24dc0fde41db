# $<LINK_LIBRARY:always_needed,...>: needed at start even where no symbol is used.
set(CMAKE_LINK_LIBRARY_USING_always_needed
  LINKER:--push-state,--no-as-needed <LINK_ITEM> LINKER:--pop-state)
set(CMAKE_LINK_LIBRARY_USING_always_needed_SUPPORTED TRUE)

# Third-party libraries, all from Debian 12 and 13; each is included by one or two files only.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost CONFIG REQUIRED COMPONENTS program_options)  # command line
find_package(prometheus-cpp CONFIG REQUIRED)                   # the exporter's own metrics
find_package(spdlog CONFIG REQUIRED)                           # log lines
find_package(nlohmann_json CONFIG REQUIRED)                    # JSON log lines
pkg_check_modules(yaml_cpp REQUIRED IMPORTED_TARGET yaml-cpp)  # --config.file, --web.config.file
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)            # --group.rule, linear in time
pkg_check_modules(libdeflate REQUIRED IMPORTED_TARGET libdeflate)  # gzip in one call
pkg_check_modules(ncursesw REQUIRED IMPORTED_TARGET ncursesw)  # the terminal of top

# civetweb's own CMake package names build folders of its packager, so find it by hand.
find_path(CIVETWEB_INCLUDE_DIR civetweb.h REQUIRED)
find_library(CIVETWEB_LIBRARY civetweb REQUIRED)
add_library(civetweb_http INTERFACE)  # embedded HTTP server
target_include_directories(civetweb_http SYSTEM INTERFACE ${CIVETWEB_INCLUDE_DIR})
target_link_libraries(civetweb_http INTERFACE ${CIVETWEB_LIBRARY} Threads::Threads)

# The library itself is loaded when it is needed (exporter/cli/http_client.h).
find_path(CURL_INCLUDE_DIR curl/curl.h REQUIRED)
add_library(curl_headers INTERFACE)  # HTTP client
target_include_directories(curl_headers SYSTEM INTERFACE ${CURL_INCLUDE_DIR})

# bcrypt; libxcrypt is what Debian's libc6-dev brings.
find_library(CRYPT_LIBRARY crypt REQUIRED)

# OpenSSL 3 as it is at run time: Debian's civetweb asks for it by names that only libssl-dev has, and
# exporter/web/tls_shim gives it those. Headers of libssl-dev are not used either.
foreach(name ssl crypto)
  find_library(OPENSSL_LIB${name}_3 lib${name}.so.3 REQUIRED)
  add_library(openssl_lib${name} INTERFACE)
  target_link_libraries(openssl_lib${name} INTERFACE
    $<LINK_LIBRARY:always_needed,${OPENSSL_LIB${name}_3}>)
endforeach()
