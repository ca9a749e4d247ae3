#include "cli/image.h"

#include <cstring>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"

namespace webnn::cli {
namespace {

using testing::ElementsAre;
using testing::FloatEq;
using testing::Pointwise;
using testing_support::Fails;
using testing_support::Succeeds;

std::vector<float> Floats(const Result<std::vector<std::byte>>& bytes) {
  std::vector<float> floats(bytes.value().size() / sizeof(float));
  std::memcpy(floats.data(), bytes->data(), bytes->size());
  return floats;
}

OperandDescriptor Floats(Shape shape) {
  return OperandDescriptor::Create(DataType::kFloat32, std::move(shape)).value();
}

// Two pixels side by side.
const Image kTwo{2, 1, {10, 20, 30, 40, 50, 60}};
// A row of grey ones.
Image Row(const std::vector<uint8_t>& values) {
  Image image{static_cast<uint32_t>(values.size()), 1, {}};
  for (const uint8_t value : values) image.pixels.insert(image.pixels.end(), 3, value);
  return image;
}

TEST(ImageToOperandTest, OrdersChannelsByTheLayout) {
  EXPECT_THAT(Floats(ToOperand(kTwo, {.scale = 1}, Floats({1, 3, 1, 2}))),
              ElementsAre(10, 40, 20, 50, 30, 60));
  EXPECT_THAT(Floats(ToOperand(kTwo, {.scale = 1}, Floats({1, 2, 3}))),
              ElementsAre(10, 20, 30, 40, 50, 60));
  EXPECT_THAT(Floats(ToOperand(kTwo, {.channels = Channels::kBgr, .scale = 1}, Floats({3, 1, 2}))),
              ElementsAre(30, 60, 20, 50, 10, 40));
}

TEST(ImageToOperandTest, WeighsColoursForGray) {
  const Image image{1, 1, {100, 150, 200}};
  EXPECT_THAT(Floats(ToOperand(image, {.scale = 1}, Floats({1, 1, 1, 1}))),
              ElementsAre(FloatEq(0.299f * 100 + 0.587f * 150 + 0.114f * 200)));
}

TEST(ImageToOperandTest, ScalesAndNormalisesEachChannel) {
  const Image image{1, 1, {255, 0, 51}};
  const ImageOptions options{.mean = {0.5, 0.25, 0}, .deviation = {0.5, 1, 2}};
  EXPECT_THAT(Floats(ToOperand(image, options, Floats({1, 3, 1, 1}))),
              Pointwise(FloatEq(), {1.f, -0.25f, 0.1f}));
  EXPECT_THAT(ToOperand(image, {.mean = {1, 2}}, Floats({1, 3, 1, 1})),
              Fails(ErrorCode::kTypeError, "2 numbers"));
}

TEST(ImageToOperandTest, RoundsForIntegers) {
  const auto descriptor = OperandDescriptor::Create(DataType::kUint8, {1, 1, 2, 3}).value();
  const auto bytes = ToOperand(kTwo, {.layout = Layout::kNhwc}, descriptor);
  ASSERT_THAT(bytes, Succeeds());
  EXPECT_EQ((*bytes)[0], std::byte{10});
  EXPECT_EQ((*bytes)[5], std::byte{60});
}

TEST(ImageToOperandTest, StretchesBilinearlyBetweenCentres) {
  // New centres lie at -0.25, 0.25, 0.75 and 1.25 of the old ones.
  EXPECT_THAT(Floats(ToOperand(Row({0, 100}), {.resize = Resize::kStretch, .scale = 1},
                               Floats({1, 1, 1, 4}))),
              Pointwise(FloatEq(), {0.f, 25.f, 75.f, 100.f}));
}

TEST(ImageToOperandTest, CropsTheMiddle) {
  // The height fits already, so the width loses one pixel at each end.
  EXPECT_THAT(Floats(ToOperand(Row({1, 2, 3, 4}), {.resize = Resize::kCrop, .scale = 1},
                               Floats({1, 1, 1, 2}))),
              Pointwise(FloatEq(), {2.f, 3.f}));
}

TEST(ImageToOperandTest, PadsWithBlackAround) {
  EXPECT_THAT(
      Floats(ToOperand(Row({7, 9}), {.resize = Resize::kPad, .scale = 1}, Floats({1, 1, 3, 2}))),
      Pointwise(FloatEq(), {0.f, 0.f, 7.f, 9.f, 0.f, 0.f}));
}

TEST(ImageToOperandTest, SaysWhyItDoesNotFit) {
  EXPECT_THAT(ToOperand(kTwo, {}, Floats({1, 3, 2, 2})), Fails(ErrorCode::kTypeError, "--resize"));
  EXPECT_THAT(ToOperand(kTwo, {}, Floats({2, 3, 1, 2})), Fails(ErrorCode::kTypeError, "batch"));
  EXPECT_THAT(ToOperand(kTwo, {}, Floats({1, 4, 1, 4})), Fails(ErrorCode::kTypeError, "channels"));
  EXPECT_THAT(ToOperand(kTwo, {}, Floats({6})), Fails(ErrorCode::kTypeError, "rank"));
  EXPECT_THAT(ToOperand(kTwo, {.channels = Channels::kGray}, Floats({1, 3, 1, 2})),
              Fails(ErrorCode::kTypeError, "--channels gray gives 1"));
}

}  // namespace
}  // namespace webnn::cli
