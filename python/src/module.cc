#include <pthread.h>

#include "objects.h"

NB_MODULE(_core, module) {
  module.doc() = "The part of the package webnn that is written in C++.";
  // Programs may end with contexts and graphs in global variables.
  nanobind::set_leak_warnings(false);
  pthread_atfork(nullptr, nullptr, [] { webnn::python::fork_count.fetch_add(1); });
  nanobind::module_::import_("atexit").attr("register")(
      nanobind::cpp_function(&webnn::python::JoinGivenUpBuilds));
  webnn::python::BindContext(module);
  webnn::python::BindBuilder(module);
  webnn::python::BindFiles(module);
}
