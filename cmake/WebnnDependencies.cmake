# Third-party packages, each wrapped in one interface target so that a layer sees exactly what its
# link line names.

find_package(Threads REQUIRED)

# {fmt}: its headers; the core layer compiles its sources (src/core/fmt.cc), hidden.
find_package(fmt REQUIRED)
add_library(webnn_fmt INTERFACE)
get_target_property(webnn_fmt_include fmt::fmt-header-only INTERFACE_INCLUDE_DIRECTORIES)
target_include_directories(webnn_fmt SYSTEM INTERFACE ${webnn_fmt_include})

# xxHash, inlined: no library to link.
find_path(WEBNN_XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
mark_as_advanced(WEBNN_XXHASH_INCLUDE_DIR)
add_library(webnn_xxhash INTERFACE)
target_compile_definitions(webnn_xxhash INTERFACE XXH_INLINE_ALL=1)
target_include_directories(webnn_xxhash SYSTEM INTERFACE "${WEBNN_XXHASH_INCLUDE_DIR}")

# DLPack: one header, of version 0.6 or newer.
find_path(WEBNN_DLPACK_INCLUDE_DIR dlpack/dlpack.h REQUIRED)
mark_as_advanced(WEBNN_DLPACK_INCLUDE_DIR)
add_library(webnn_dlpack INTERFACE)
target_include_directories(webnn_dlpack SYSTEM INTERFACE "${WEBNN_DLPACK_INCLUDE_DIR}")

# What a wheel is made of runs on machines that have glibc 2.28 and none of our libraries.
set(WEBNN_PROTOBUF_SOURCE_DIR "${WEBNN_DEPS_DIR}/protobuf"
    CACHE PATH "Sources of protobuf, of protoc's version, for WEBNN_PORTABLE")
if(SKBUILD AND EXISTS "${WEBNN_PROTOBUF_SOURCE_DIR}/src")
  set(webnn_portable_default ON)
else()
  set(webnn_portable_default OFF)
endif()
option(WEBNN_PORTABLE "Link the C++ library and protobuf in, use no symbols newer than glibc 2.28"
       ${webnn_portable_default})

# ONNX's wire format: onnx.proto compiled for protobuf's lite run time.
if(WEBNN_PORTABLE)
  webnn_add_protobuf()
else()
  find_package(Protobuf REQUIRED)
endif()
set(WEBNN_ONNX_PROTO "${WEBNN_DEPS_DIR}/onnx/onnx.proto" CACHE FILEPATH "The onnx.proto to compile")
if(NOT EXISTS "${WEBNN_ONNX_PROTO}")
  message(FATAL_ERROR "webnn: ${WEBNN_ONNX_PROTO} does not exist. Run tools/setup.sh, "
                      "or name the file by -DWEBNN_ONNX_PROTO=/path/to/onnx.proto.")
endif()
set(webnn_generated_dir "${PROJECT_BINARY_DIR}/generated")
set(webnn_proto_dir "${PROJECT_BINARY_DIR}/generated/proto")
file(READ "${WEBNN_ONNX_PROTO}" webnn_onnx_proto_text)
if(NOT webnn_onnx_proto_text MATCHES "option optimize_for *= *LITE_RUNTIME")
  string(APPEND webnn_onnx_proto_text "\noption optimize_for = LITE_RUNTIME;\n")
endif()
file(CONFIGURE OUTPUT "${webnn_proto_dir}/onnx/onnx.proto" CONTENT "${webnn_onnx_proto_text}" @ONLY)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${WEBNN_ONNX_PROTO}")
add_custom_command(
  OUTPUT "${webnn_generated_dir}/onnx/onnx.pb.cc" "${webnn_generated_dir}/onnx/onnx.pb.h"
  COMMAND protobuf::protoc "--cpp_out=${webnn_generated_dir}" "--proto_path=${webnn_proto_dir}"
          onnx/onnx.proto
  DEPENDS "${webnn_proto_dir}/onnx/onnx.proto"
  COMMENT "Generating onnx/onnx.pb.h"
  VERBATIM)
add_custom_target(webnn_onnx_proto_files DEPENDS "${webnn_generated_dir}/onnx/onnx.pb.h")

get_target_property(webnn_protobuf_include protobuf::libprotobuf-lite INTERFACE_INCLUDE_DIRECTORIES)
add_library(webnn_onnx_proto_headers INTERFACE)
target_include_directories(webnn_onnx_proto_headers SYSTEM INTERFACE "${webnn_generated_dir}"
                                                                     ${webnn_protobuf_include})
add_dependencies(webnn_onnx_proto_headers webnn_onnx_proto_files)

add_library(webnn_onnx_proto OBJECT "${webnn_generated_dir}/onnx/onnx.pb.cc")
webnn_configure_target(webnn_onnx_proto)
target_compile_options(webnn_onnx_proto PRIVATE -w)
target_link_libraries(webnn_onnx_proto PRIVATE webnn_onnx_proto_headers)
set_property(GLOBAL APPEND PROPERTY WEBNN_OBJECTS webnn_onnx_proto)

# ONNX Runtime: C headers only; the library is opened at run time.
set(WEBNN_ORT_INCLUDE_DIR "${WEBNN_DEPS_DIR}/onnxruntime/include"
    CACHE PATH "Folder of onnxruntime_c_api.h")
if(NOT EXISTS "${WEBNN_ORT_INCLUDE_DIR}/onnxruntime_c_api.h")
  message(FATAL_ERROR "webnn: ${WEBNN_ORT_INCLUDE_DIR} holds no onnxruntime_c_api.h. Run "
                      "tools/setup.sh, or name the folder by -DWEBNN_ORT_INCLUDE_DIR=/path.")
endif()
add_library(webnn_onnxruntime_headers INTERFACE)
target_include_directories(webnn_onnxruntime_headers SYSTEM INTERFACE "${WEBNN_ORT_INCLUDE_DIR}")

# Folders of src/backends that are not built, because the headers that they need are missing.
set(webnn_backends_left_out)

# OpenVINO: C headers only; the library is opened at run time.
set(WEBNN_OPENVINO AUTO CACHE STRING "Build the OpenVINO back end: ON, OFF, or AUTO: if the headers are there")
set_property(CACHE WEBNN_OPENVINO PROPERTY STRINGS AUTO ON OFF)
set(WEBNN_OPENVINO_INCLUDE_DIR "${WEBNN_DEPS_DIR}/openvino/include"
    CACHE PATH "Folder of openvino/c/openvino.h")
if(WEBNN_OPENVINO AND EXISTS "${WEBNN_OPENVINO_INCLUDE_DIR}/openvino/c/openvino.h")
  add_library(webnn_openvino_headers INTERFACE)
  target_include_directories(webnn_openvino_headers SYSTEM
                             INTERFACE "${WEBNN_OPENVINO_INCLUDE_DIR}")
  add_compile_definitions(WEBNN_HAVE_OPENVINO=1)
else()
  list(APPEND webnn_backends_left_out openvino)
  if(WEBNN_OPENVINO STREQUAL "AUTO")
    message(STATUS "webnn: no back end for OpenVINO, the headers are not in ${WEBNN_OPENVINO_INCLUDE_DIR}")
  elseif(WEBNN_OPENVINO)
    message(FATAL_ERROR "webnn: ${WEBNN_OPENVINO_INCLUDE_DIR} holds no openvino/c/openvino.h. Run "
                        "tools/setup.sh, or name the folder by -DWEBNN_OPENVINO_INCLUDE_DIR=/path.")
  endif()
endif()

# NVIDIA: headers only; the driver and TensorRT are opened at run time.
set(WEBNN_TENSORRT AUTO CACHE STRING "Build the TensorRT back ends: ON, OFF, or AUTO: if the headers are there")
set_property(CACHE WEBNN_TENSORRT PROPERTY STRINGS AUTO ON OFF)
set(WEBNN_CUDA_INCLUDE_DIR "${WEBNN_DEPS_DIR}/cuda/include" CACHE PATH "Folder of cuda.h")
set(webnn_tensorrt_generations)
if(WEBNN_TENSORRT AND EXISTS "${WEBNN_CUDA_INCLUDE_DIR}/cuda.h")
  foreach(generation IN ITEMS 10 11 rtx)
    string(TOUPPER "WEBNN_TENSORRT_${generation}_INCLUDE_DIR" folder)
    set(${folder} "${WEBNN_DEPS_DIR}/tensorrt/include-${generation}"
        CACHE PATH "Folder of NvInfer.h of TensorRT ${generation}")
    mark_as_advanced(${folder})
    if(EXISTS "${${folder}}/NvInfer.h")
      add_library(webnn_tensorrt_${generation}_headers INTERFACE)
      target_include_directories(webnn_tensorrt_${generation}_headers SYSTEM
                                 INTERFACE "${${folder}}" "${WEBNN_CUDA_INCLUDE_DIR}")
      list(APPEND webnn_tensorrt_generations ${generation})
    endif()
  endforeach()
endif()
if(NOT webnn_tensorrt_generations)
  list(APPEND webnn_backends_left_out cuda tensorrt)
endif()
if(webnn_tensorrt_generations)
  add_library(webnn_cuda_headers INTERFACE)
  target_include_directories(webnn_cuda_headers SYSTEM INTERFACE "${WEBNN_CUDA_INCLUDE_DIR}")
  # For the list of back ends and for programs that show devices.
  add_compile_definitions(WEBNN_HAVE_TENSORRT=1)
  list(JOIN webnn_tensorrt_generations ", " webnn_tensorrt_text)
  message(STATUS "webnn: back ends for TensorRT: ${webnn_tensorrt_text}")
elseif(WEBNN_TENSORRT STREQUAL "AUTO")
  message(STATUS "webnn: no back ends for TensorRT, the headers are not in ${WEBNN_DEPS_DIR}")
elseif(WEBNN_TENSORRT)
  message(FATAL_ERROR "webnn: the headers of CUDA or TensorRT are missing in ${WEBNN_DEPS_DIR}. Run "
                      "tools/setup.sh, or name the folders by -DWEBNN_CUDA_INCLUDE_DIR=/path and "
                      "-DWEBNN_TENSORRT_10_INCLUDE_DIR=/path.")
endif()

# The command line: stb_image reads pictures, zlib compressed archives of arrays.
if(WEBNN_BUILD_CLI)
  find_package(ZLIB REQUIRED)
  find_path(WEBNN_STB_INCLUDE_DIR stb/stb_image.h REQUIRED)
  mark_as_advanced(WEBNN_STB_INCLUDE_DIR)
  add_library(webnn_stb INTERFACE)
  target_include_directories(webnn_stb SYSTEM INTERFACE "${WEBNN_STB_INCLUDE_DIR}")
endif()
if(WEBNN_BUILD_TESTS OR WEBNN_BUILD_TOOLS OR WEBNN_BUILD_CLI)
  find_package(CLI11 REQUIRED)
endif()
if(WEBNN_BUILD_TESTS OR WEBNN_BUILD_TOOLS OR WEBNN_BUILD_CLI OR WEBNN_BUILD_BENCH)
  find_package(nlohmann_json REQUIRED)
endif()
if(WEBNN_BUILD_TESTS)
  find_package(GTest REQUIRED)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
endif()
if(WEBNN_BUILD_BENCH)
  find_package(benchmark REQUIRED)
endif()

# What the library itself links; none of it is part of its interface.
set(webnn_private_libraries protobuf::libprotobuf-lite Threads::Threads ${CMAKE_DL_LIBS})
