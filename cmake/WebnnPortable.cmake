# What binaries link that have to run on other machines than the one that built them: wheels.

# The one version whose sources are built here; later ones need Abseil. It is protoc's in Debian 12
# and 13 and in Ubuntu 24.04.
set(webnn_protobuf_version 3.21.12)

# protobuf's lite run time out of its sources, hidden: the static libraries of distributions cannot be
# linked into a shared one, and another module of the process may bring a protobuf of its own.
function(webnn_add_protobuf)
  find_program(WEBNN_PROTOC protoc REQUIRED)
  mark_as_advanced(WEBNN_PROTOC)
  execute_process(COMMAND "${WEBNN_PROTOC}" --version OUTPUT_VARIABLE version)
  if(NOT version MATCHES "${webnn_protobuf_version}")
    message(FATAL_ERROR "webnn: WEBNN_PORTABLE needs protoc ${webnn_protobuf_version}; "
                        "${WEBNN_PROTOC} --version says ${version}")
  endif()
  add_executable(protobuf::protoc IMPORTED)
  set_target_properties(protobuf::protoc PROPERTIES IMPORTED_LOCATION "${WEBNN_PROTOC}")

  set(folder "${WEBNN_PROTOBUF_SOURCE_DIR}/src/google/protobuf")
  if(NOT EXISTS "${folder}/message_lite.cc")
    message(FATAL_ERROR "webnn: ${WEBNN_PROTOBUF_SOURCE_DIR} holds no src/google/protobuf. Run "
                        "tools/setup.sh, or name a folder of protobuf ${webnn_protobuf_version} by "
                        "-DWEBNN_PROTOBUF_SOURCE_DIR=/path.")
  endif()
  set(sources)
  foreach(
    name IN
    ITEMS any_lite arena arenastring arenaz_sampler extension_set generated_enum_util
          generated_message_tctable_lite generated_message_util implicit_weak_message
          inlined_string_field io/coded_stream io/strtod io/zero_copy_stream
          io/zero_copy_stream_impl io/zero_copy_stream_impl_lite map message_lite parse_context
          repeated_field repeated_ptr_field stubs/bytestream stubs/common stubs/int128 stubs/status
          stubs/statusor stubs/stringpiece stubs/stringprintf stubs/structurally_valid stubs/strutil
          stubs/time wire_format_lite)
    list(APPEND sources "${folder}/${name}.cc")
  endforeach()
  add_library(webnn_protobuf STATIC ${sources})
  add_library(protobuf::libprotobuf-lite ALIAS webnn_protobuf)
  webnn_configure_target(webnn_protobuf)
  target_compile_definitions(webnn_protobuf PRIVATE HAVE_PTHREAD=1)
  target_compile_options(webnn_protobuf PRIVATE -w)
  target_include_directories(webnn_protobuf SYSTEM PUBLIC "${WEBNN_PROTOBUF_SOURCE_DIR}/src")
  target_link_libraries(webnn_protobuf PUBLIC Threads::Threads)
endfunction()

# webnn_make_portable(<target>): the C++ library becomes part of the shared library <target>, and of
# glibc it needs symbols of version 2.28 and older only. `auditwheel` checks what comes out of it.
function(webnn_make_portable target)
  if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
    return()
  endif()
  if(NOT TARGET webnn_glibc)
    add_library(webnn_glibc OBJECT "${PROJECT_SOURCE_DIR}/cmake/glibc_2_28.cc")
    webnn_configure_target(webnn_glibc)
    webnn_enable_warnings(webnn_glibc)
  endif()
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:webnn_glibc>)
  # Before glibc 2.34 threads and dlopen() were in libraries of their own, which are empty since.
  target_link_options(${target} PRIVATE -static-libstdc++ LINKER:--push-state,--no-as-needed -l:libpthread.so.0 -l:libdl.so.2
                      LINKER:--pop-state)
endfunction()

# A wheel carries the licences of what is linked into it, as far as this machine has them: webnn/licenses.
# (GCC's libraries ask for none.)
function(webnn_install_licenses)
  set(documents /usr/share/doc)
  foreach(
    row IN
    ITEMS "CLI11:${documents}/libcli11-dev/copyright"
          "dlpack:${documents}/libdlpack-dev/copyright"
          "fmt:${documents}/libfmt-dev/copyright"
          "nanobind:${nanobind_ROOT}/../../nanobind-*.dist-info/licenses/LICENSE"
          "nlohmann-json:${documents}/nlohmann-json3-dev/copyright"
          "protobuf:${WEBNN_PROTOBUF_SOURCE_DIR}/LICENSE"
          "stb:${documents}/libstb-dev/copyright"
          "xxhash:${documents}/libxxhash-dev/copyright")
    string(REGEX MATCH "^[^:]+" name "${row}")
    string(REGEX REPLACE "^[^:]+:" "" pattern "${row}")
    file(GLOB found "${pattern}")
    if(found)
      list(GET found 0 file)
      install(FILES "${file}" DESTINATION webnn/licenses RENAME "${name}.txt")
    endif()
  endforeach()
endfunction()
