# The Debian package, from a release build:
#   cmake --build --preset release --target package
# makes build/release/memleak-exporter_VERSION_ARCHITECTURE.deb. deploy/debian has what is in it beside
# the program.

# Debian 13's is an upgrade of Debian 12's; the libraries that each needs differ.
cmake_host_system_information(RESULT memleak_distribution QUERY DISTRIB_ID DISTRIB_VERSION_ID)
list(JOIN memleak_distribution "" memleak_distribution)
set(CPACK_DEBIAN_PACKAGE_RELEASE "1~${memleak_distribution}")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME memleak-exporter)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER
  "memleak_exporter maintainers <memleak-exporter@users.noreply.github.com>")
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_HOMEPAGE https://github.com/memleak-exporter/memleak_exporter)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY
  "Prometheus exporter that finds memory and descriptor leaks")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Tells what each process, each group of processes, each container and the node
itself really hold, whether they leak, and how much is left before a limit
ends them: as Prometheus metrics, as a page, as JSON and in the terminal.

The service runs as a user of its own, with the capabilities to read what the
kernel shows of other users' processes, and no others.")

# The libraries that it is linked to. libcurl is loaded by `top`, `analyze` and `health`, when they ask
# a server; systemd-sysusers makes the user, and comes with systemd or without it.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd-standalone-sysusers | systemd-sysusers")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libcurl4t64 | libcurl4")
# For htpasswd, which makes the hashes of passwords.
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "apache2-utils")

add_subdirectory(deploy/debian)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${PROJECT_SOURCE_DIR}/deploy/debian/conffiles
  ${PROJECT_SOURCE_DIR}/deploy/debian/postinst
  ${PROJECT_SOURCE_DIR}/deploy/debian/postrm
  ${PROJECT_SOURCE_DIR}/deploy/debian/prerm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

# One package of all components; some of its files do not stand below the prefix.
set(CPACK_DEB_COMPONENT_INSTALL OFF)
set(CPACK_INSTALL_CMAKE_PROJECTS)
foreach(component exporter documents debian)
  list(APPEND CPACK_INSTALL_CMAKE_PROJECTS ${PROJECT_BINARY_DIR} ${PROJECT_NAME} ${component} /)
endforeach()
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
# Whatever the umask is.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
