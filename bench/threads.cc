// Two threads on one graph of ONNX Runtime's.

#include "raw_session.h"
#include "two_threads.h"

int main(int argc, char** argv) {
  webnn::bench::Report report("threads", argc, argv);
  report.Version("ONNX Runtime", webnn::bench::OrtLibrary().version());
  webnn::bench::MeasureTwoThreads(report, "onnxruntime", 60);
  return report.Finish();
}
