# How targets of this project are made: one function for each kind of target.

# In the build tree binaries find ONNX Runtime and TensorRT in .deps/. The old-style tag (DT_RPATH) also counts
# when dlopen() is called on the binary's behalf, as the sanitizers' run time does.
set(CMAKE_BUILD_RPATH
    "${PROJECT_SOURCE_DIR}/.deps/onnxruntime/lib" "${PROJECT_SOURCE_DIR}/.deps/tensorrt-10/lib"
    "${PROJECT_SOURCE_DIR}/.deps/tensorrt-rtx/lib" "${PROJECT_SOURCE_DIR}/.deps/openvino/lib")

if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(WEBNN_CCACHE ccache)
  mark_as_advanced(WEBNN_CCACHE)
  if(WEBNN_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${WEBNN_CCACHE}")
  endif()
endif()

set(webnn_sanitize_options)
if(WEBNN_SANITIZE)
  set(webnn_sanitize_options "-fsanitize=${WEBNN_SANITIZE}" -fno-sanitize-recover=all
                             -fno-omit-frame-pointer)
endif()
if(WEBNN_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "webnn: WEBNN_FUZZ needs clang; this is ${CMAKE_CXX_COMPILER_ID}")
  endif()
  # Coverage feedback in everything; only the fuzzers link libFuzzer's main().
  list(APPEND webnn_sanitize_options -fsanitize=fuzzer-no-link)
endif()

# What all targets of the project have in common.
function(webnn_configure_target target)
  set_target_properties(
    ${target}
    PROPERTIES CXX_STANDARD 20
               CXX_STANDARD_REQUIRED ON
               CXX_EXTENSIONS OFF
               CXX_VISIBILITY_PRESET hidden
               VISIBILITY_INLINES_HIDDEN ON
               POSITION_INDEPENDENT_CODE ON)
  target_compile_options(${target} PRIVATE ${webnn_sanitize_options})
  get_target_property(type ${target} TYPE)
  if(type MATCHES "EXECUTABLE|SHARED_LIBRARY")
    target_link_options(${target} PRIVATE ${webnn_sanitize_options})
    if(NOT APPLE AND NOT WIN32)
      target_link_options(${target} PRIVATE LINKER:--disable-new-dtags)
    endif()
  endif()
endfunction()

function(webnn_enable_warnings target)
  if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
    # Operators are given by designated initialisers, which leave options out on purpose.
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wno-missing-field-initializers)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
      # False positives on std::string (GCC bug 105651) and on moved std::variant objects (80635).
      target_compile_options(${target} PRIVATE -Wno-restrict -Wno-maybe-uninitialized)
    endif()
    if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
      # std::stable_sort of libstdc++ uses what it declares deprecated itself.
      target_compile_options(${target} PRIVATE -Wno-deprecated-declarations)
    endif()
    if(WEBNN_WERROR)
      target_compile_options(${target} PRIVATE -Werror)
    endif()
  endif()
endfunction()

function(webnn_add_object_library name)
  add_library(${name} OBJECT ${ARGN})
  webnn_configure_target(${name})
  webnn_enable_warnings(${name})
  target_compile_definitions(${name} PRIVATE WEBNN_BUILDING=1)
  if(BUILD_SHARED_LIBS)
    target_compile_definitions(${name} PRIVATE WEBNN_SHARED=1)
  endif()
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/include"
                                             "${PROJECT_SOURCE_DIR}/src")
  set_property(GLOBAL APPEND PROPERTY WEBNN_LAYERS ${name})
  set_property(GLOBAL APPEND PROPERTY WEBNN_OBJECTS ${name})
endfunction()

# webnn_add_layer(<folder> [NON_RECURSIVE] PRIVATE <libraries>...): src/<folder> as an object library.
# A folder without sources is left out.
function(webnn_add_layer folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NON_RECURSIVE" "" "PRIVATE")
  if(arg_NON_RECURSIVE)
    set(glob GLOB)
  else()
    set(glob GLOB_RECURSE)
  endif()
  file(${glob} sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${folder}/*.cc")
  if(sources)
    webnn_add_object_library(webnn_${folder} ${sources})
    target_link_libraries(webnn_${folder} PRIVATE ${arg_PRIVATE})
  endif()
endfunction()

# TensorRT's interface, once for each generation of its headers. They define the same inline classes
# with different tables of virtual functions: each module has the namespaces under names of its own,
# so that the linker cannot take one generation's function for another's.
function(webnn_add_tensorrt_modules)
  foreach(generation IN LISTS webnn_tensorrt_generations)
    set(source "${PROJECT_SOURCE_DIR}/src/backends/tensorrt/vendor/module_${generation}.cc")
    if(EXISTS "${source}")
      set(module webnn_backend_tensorrt_${generation})
      webnn_add_object_library(${module} "${source}")
      target_compile_definitions(${module} PRIVATE "nvinfer1=nvinfer1_${generation}"
                                                   "nvonnxparser=nvonnxparser_${generation}")
      if(WEBNN_SANITIZE MATCHES "undefined")
        # The library's objects have their types under the vendor's names.
        target_compile_options(${module} PRIVATE -fno-sanitize=vptr)
      endif()
      target_link_libraries(${module} PRIVATE webnn_fmt webnn_tensorrt_${generation}_headers)
      string(TOUPPER "WEBNN_TENSORRT_${generation}" have)
      target_compile_definitions(webnn_backend_tensorrt PRIVATE "${have}=1")
    endif()
  endforeach()
endfunction()

# One object library for each folder of src/backends; it alone sees its vendor's headers, which are
# the target webnn_<folder>_headers where there is one.
function(webnn_add_backends)
  file(GLOB folders CONFIGURE_DEPENDS LIST_DIRECTORIES true "${PROJECT_SOURCE_DIR}/src/backends/*")
  foreach(folder IN LISTS folders)
    if(IS_DIRECTORY "${folder}")
      get_filename_component(name "${folder}" NAME)
      if(name IN_LIST webnn_backends_left_out)
        continue()
      endif()
      file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${folder}/*.cc")
      list(FILTER sources EXCLUDE REGEX "/tensorrt/vendor/")
      if(sources)
        webnn_add_object_library(webnn_backend_${name} ${sources})
        target_link_libraries(webnn_backend_${name} PRIVATE webnn_fmt)
        if(TARGET webnn_${name}_headers)
          target_link_libraries(webnn_backend_${name} PRIVATE webnn_${name}_headers)
        endif()
      endif()
      if(sources AND name STREQUAL "tensorrt")
        target_link_libraries(webnn_backend_tensorrt PRIVATE webnn_cuda_headers)
        webnn_add_tensorrt_modules()
      endif()
    endif()
  endforeach()
endfunction()

# The library `webnn`, and `webnn_internal`: the same objects with nothing hidden, for unit tests
# and for our own programs.
function(webnn_add_library)
  get_property(objects GLOBAL PROPERTY WEBNN_OBJECTS)
  set(object_files)
  foreach(object IN LISTS objects)
    list(APPEND object_files "$<TARGET_OBJECTS:${object}>")
  endforeach()

  add_library(webnn ${object_files})
  add_library(webnn::webnn ALIAS webnn)
  webnn_configure_target(webnn)
  target_compile_features(webnn PUBLIC cxx_std_20)
  target_include_directories(
    webnn PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
                 "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_libraries(webnn PRIVATE ${webnn_private_libraries})
  set_target_properties(
    webnn
    PROPERTIES VERSION ${PROJECT_VERSION}
               SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
               LINKER_LANGUAGE CXX)
  if(BUILD_SHARED_LIBS)
    target_compile_definitions(webnn INTERFACE WEBNN_SHARED=1)
    if(NOT APPLE AND NOT WIN32)
      set(map "${PROJECT_SOURCE_DIR}/cmake/webnn.map")
      target_link_options(webnn PRIVATE "LINKER:--version-script=${map}")
      if(NOT WEBNN_SANITIZE)
        target_link_options(webnn PRIVATE LINKER:-z,defs)
      endif()
      set_target_properties(webnn PROPERTIES LINK_DEPENDS "${map}")
      if(WEBNN_PORTABLE)
        webnn_make_portable(webnn)
      endif()
    endif()
  endif()

  add_library(webnn_internal STATIC EXCLUDE_FROM_ALL ${object_files})
  webnn_configure_target(webnn_internal)
  set_target_properties(webnn_internal PROPERTIES LINKER_LANGUAGE CXX)
  target_include_directories(webnn_internal PUBLIC "${PROJECT_SOURCE_DIR}/include"
                                                   "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(webnn_internal PUBLIC ${webnn_private_libraries})
endfunction()

# webnn_add_executable(<target> SOURCES <files>... LINK <libraries>... [OUTPUT <folder>] [NAME <name>])
function(webnn_add_executable target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "OUTPUT;NAME" "SOURCES;LINK")
  add_executable(${target} ${arg_SOURCES})
  webnn_configure_target(${target})
  webnn_enable_warnings(${target})
  target_link_libraries(${target} PRIVATE ${arg_LINK})
  target_compile_definitions(${target} PRIVATE "WEBNN_SOURCE_DIR=\"${PROJECT_SOURCE_DIR}\"")
  if(arg_NAME)
    set_target_properties(${target} PROPERTIES OUTPUT_NAME "${arg_NAME}")
  endif()
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                             "${PROJECT_BINARY_DIR}/${arg_OUTPUT}")
endfunction()

# webnn_add_programs(<folder> LINK <libraries>... [EXCLUDE <names>...]): each <folder>/NAME.cc is a
# program build/<folder>/NAME.
function(webnn_add_programs folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LINK;EXCLUDE")
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.cc")
  foreach(name IN LISTS arg_EXCLUDE)
    list(REMOVE_ITEM sources "${PROJECT_SOURCE_DIR}/${folder}/${name}.cc")
  endforeach()
  foreach(source IN LISTS sources)
    get_filename_component(name "${source}" NAME_WE)
    webnn_add_executable(
      webnn_${folder}_${name}
      SOURCES "${source}"
      LINK ${arg_LINK}
      OUTPUT ${folder}
      NAME ${name})
  endforeach()
endfunction()

# src/conformance: the programs build/webnn-conformance and build/webnn-onnx-suite, their parts in a
# library for their own tests.
function(webnn_add_conformance)
  set(folder "${PROJECT_SOURCE_DIR}/src/conformance")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${folder}/*.cc")
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  add_library(webnn_conformance_parts STATIC ${sources})
  webnn_configure_target(webnn_conformance_parts)
  webnn_enable_warnings(webnn_conformance_parts)
  target_compile_definitions(webnn_conformance_parts
                             PRIVATE "WEBNN_SOURCE_DIR=\"${PROJECT_SOURCE_DIR}\"")
  target_link_libraries(webnn_conformance_parts PUBLIC webnn_internal webnn_fmt
                                                       nlohmann_json::nlohmann_json CLI11::CLI11)
  webnn_add_executable(
    webnn_conformance
    SOURCES "${folder}/main.cc"
    LINK webnn_conformance_parts
    NAME webnn-conformance)
  webnn_add_executable(
    webnn_onnx_suite
    SOURCES "${folder}/onnx_suite/main.cc"
    LINK webnn_conformance_parts
    NAME webnn-onnx-suite)
endfunction()

# src/cli: the program build/webnn, its parts in a library for their own tests. The man page and the
# shells' completions come from the program itself.
function(webnn_add_cli)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/cli/*.cc")
  list(REMOVE_ITEM sources "${PROJECT_SOURCE_DIR}/src/cli/main.cc")
  add_library(webnn_cli_parts STATIC ${sources})
  webnn_configure_target(webnn_cli_parts)
  webnn_enable_warnings(webnn_cli_parts)
  target_link_libraries(
    webnn_cli_parts PUBLIC webnn_internal webnn_fmt webnn_stb nlohmann_json::nlohmann_json
                           CLI11::CLI11 ZLIB::ZLIB)
  if(SKBUILD)
    # `python -m webnn` is the program.
    return()
  endif()
  webnn_add_executable(
    webnn_cli
    SOURCES "${PROJECT_SOURCE_DIR}/src/cli/main.cc"
    LINK webnn_cli_parts
    NAME webnn)
  install(TARGETS webnn_cli RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")

  if(CMAKE_CROSSCOMPILING OR WEBNN_SANITIZE OR WEBNN_FUZZ)
    return()
  endif()
  set(pages "${PROJECT_BINARY_DIR}/share")
  add_custom_command(
    TARGET webnn_cli
    POST_BUILD
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${pages}"
    COMMAND webnn_cli man > "${pages}/webnn.1"
    COMMAND webnn_cli completion bash > "${pages}/webnn.bash"
    COMMAND webnn_cli completion zsh > "${pages}/_webnn"
    COMMAND webnn_cli completion fish > "${pages}/webnn.fish"
    COMMENT "Writing the man page and the shells' completions"
    VERBATIM)
  install(FILES "${pages}/webnn.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
  set(data "${CMAKE_INSTALL_DATADIR}")
  install(FILES "${pages}/webnn.bash" DESTINATION "${data}/bash-completion/completions" RENAME webnn)
  install(FILES "${pages}/_webnn" DESTINATION "${data}/zsh/site-functions")
  install(FILES "${pages}/webnn.fish" DESTINATION "${data}/fish/vendor_completions.d")
endfunction()

# Installation: library, public headers, CMake package, pkg-config file.
function(webnn_add_install)
  include(CMakePackageConfigHelpers)
  set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/webnn")
  install(
    TARGETS webnn
    EXPORT webnnTargets
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  install(
    DIRECTORY "${PROJECT_SOURCE_DIR}/include/webnn"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    FILES_MATCHING
    PATTERN "*.h")
  install(EXPORT webnnTargets NAMESPACE webnn:: DESTINATION "${package_dir}")
  configure_package_config_file(
    "${PROJECT_SOURCE_DIR}/cmake/webnnConfig.cmake.in" "${PROJECT_BINARY_DIR}/webnnConfig.cmake"
    INSTALL_DESTINATION "${package_dir}")
  write_basic_package_version_file("${PROJECT_BINARY_DIR}/webnnConfigVersion.cmake"
                                   COMPATIBILITY SameMinorVersion)
  install(FILES "${PROJECT_BINARY_DIR}/webnnConfig.cmake"
                "${PROJECT_BINARY_DIR}/webnnConfigVersion.cmake" DESTINATION "${package_dir}")

  # The pkg-config file finds the prefix from its own place, so that an installation can be moved.
  file(RELATIVE_PATH pc_prefix "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
  # A shared webnn needs nothing else at link time; a static one needs what it was built with.
  set(pc_requires "")
  set(pc_libs "-lstdc++ -lpthread -ldl")
  set(pc_cflags "")
  if(BUILD_SHARED_LIBS)
    set(pc_requires_key "Requires.private")
    set(pc_libs_key "Libs.private")
    set(pc_cflags "-DWEBNN_SHARED=1")
  else()
    set(pc_requires_key "Requires")
    set(pc_libs_key "Libs.private")
    set(pc_requires "protobuf-lite")
  endif()
  configure_file("${PROJECT_SOURCE_DIR}/cmake/webnn.pc.in" "${PROJECT_BINARY_DIR}/webnn.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/webnn.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endfunction()
