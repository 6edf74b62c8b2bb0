// SPDX-License-Identifier: Apache-2.0
#include "rondo/train/optimizer.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linalg_svdvals.h>
#include <ATen/ops/zeros_like.h>
#include <gmock/gmock.h>

#include <cctype>
#include <cmath>
#include <set>

#include "rondo/base/error.h"
#include "rondo/model/initial.h"
#include "rondo/train/loop.h"
#include "tests/support/tensors.h"

namespace rondo::train {
namespace {

using testing::distance;
using ::testing::HasSubstr;
using testing::random_tensor;
using ::testing::ThrowsMessage;

bool always(const std::string&) { return true; }

TEST(Muon, OrthogonalisesMatrices) {
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{2, 8, 8}, {2, 4, 16}, {2, 16, 4}}) {
    const Tensor values = at::linalg_svdvals(orthogonalise(random_tensor(shape, 1)));
    EXPECT_GT(values.min().item<double>(), 0.3);
    EXPECT_LT(values.max().item<double>(), 1.4);
  }
}

TEST(Muon, FollowsItsFormula) {
  nn::ParameterSet set;
  set.add("w", random_tensor({4, 6}, 1, at::kFloat).requires_grad_(true));
  const Tensor& value = set.get("w");
  Optimizer optimizer(set, {.kind = "muon", .muon_momentum = 0.9, .clip = 0}, {.is_block_matrix = &always});
  Tensor expected = value.detach().clone(), momentum = at::zeros_like(expected);
  for (uint64_t step = 1; step <= 3; ++step) {
    const Tensor gradient = random_tensor({4, 6}, 10 + step, at::kFloat);
    Tensor(value).mutable_grad() = gradient.clone();
    optimizer.accumulate();
    optimizer.step(0.01);
    momentum = 0.9 * momentum + 0.1 * gradient;
    const Tensor nesterov = 0.1 * gradient + 0.9 * momentum;
    expected = expected - 0.01 * 0.2 * std::sqrt(6.0) * orthogonalise(nesterov.unsqueeze(0))[0];
    EXPECT_LT(distance(value.detach(), expected), 1e-5);
  }
}

TEST(AdamW, FollowsItsFormula) {
  nn::ParameterSet set;
  set.add("w", at::tensor({1.0F, -2.0F}).unsqueeze(0).requires_grad_(true));
  Optimizer optimizer(set, {.beta1 = 0.9, .beta2 = 0.99, .eps = 1e-8, .weight_decay = 0.1, .clip = 0});
  double m = 0, v = 0, w = 1;
  for (int t = 1; t <= 3; ++t) {
    const double g = 0.5 * t;
    Tensor(set.get("w")).mutable_grad() = at::tensor({static_cast<float>(g), 0.0F}).unsqueeze(0);
    optimizer.accumulate();
    EXPECT_NEAR(optimizer.step(0.01), g, 1e-6);
    m = 0.9 * m + 0.1 * g;
    v = 0.99 * v + 0.01 * g * g;
    w = w * (1 - 0.01 * 0.1) - 0.01 * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.99, t))) + 1e-8);
    EXPECT_NEAR(set.get("w")[0][0].item<double>(), w, 1e-5);
  }
}

// With a gradient of 0 the decay is all that moves a weight.
TEST(AdamW, DecaysMatricesButNoBiasesAndNorms) {
  nn::ParameterSet set;
  for (const char* name : {"query.weight", "score.weight"}) set.add(name, at::ones({2, 2}).requires_grad_(true));
  for (const char* name : {"query.bias", "LayerNorm.weight"}) set.add(name, at::ones({2}).requires_grad_(true));
  Optimizer optimizer(set, {.weight_decay = 0.1, .head_factor = 20},
                      {.is_head = [](const std::string& name) { return name == "score.weight"; }});
  for (const nn::Parameter& p : set.all()) Tensor(p.value).mutable_grad() = at::zeros_like(p.value);
  optimizer.accumulate();
  optimizer.step(0.01);
  const auto first = [&](const char* name) { return set.get(name).flatten()[0].item<double>(); };
  EXPECT_NEAR(first("query.weight"), 1 - 0.01 * 0.1, 1e-7);
  EXPECT_NEAR(first("score.weight"), 1 - 20 * 0.01 * 0.1, 1e-7);
  EXPECT_EQ(first("query.bias"), 1);
  EXPECT_EQ(first("LayerNorm.weight"), 1);
}

// AdamW's first step is the learning rate, whatever the gradient.
TEST(AdamW, MovesTheHeadAtItsOwnRate) {
  nn::ParameterSet set;
  set.add("w", at::tensor({1.0F}).requires_grad_(true));
  set.add("score.weight", at::tensor({1.0F}).requires_grad_(true));
  Optimizer optimizer(set, {.clip = 0, .head_factor = 20},
                      {.is_head = [](const std::string& name) { return name != "w"; }});
  for (const nn::Parameter& p : set.all()) Tensor(p.value).mutable_grad() = at::tensor({0.3F});
  optimizer.accumulate();
  optimizer.step(0.01);
  EXPECT_NEAR(set.get("w").item<double>(), 0.99, 1e-6);
  EXPECT_NEAR(set.get("score.weight").item<double>(), 0.8, 1e-6);
  EXPECT_TRUE(optimizer.state().contains("adamw.m.score.weight"));
}

TEST(Optimizer, ClipsToTheNormAndSkipsWhatIsNotFinite) {
  nn::ParameterSet set;
  set.add("w", at::tensor({1.0F, 1.0F}).requires_grad_(true));
  Optimizer optimizer(set, {.clip = 1});
  Tensor(set.get("w")).mutable_grad() = at::tensor({3.0F, 4.0F});
  optimizer.accumulate();
  EXPECT_NEAR(optimizer.step(0.1), 5, 1e-6);
  const Tensor before = set.get("w").detach().clone();
  Tensor(set.get("w")).mutable_grad() = at::tensor({NAN, 0.0F});
  optimizer.accumulate();
  EXPECT_FALSE(std::isfinite(optimizer.step(0.1)));
  EXPECT_TRUE(at::equal(before, set.get("w").detach()));
}

// A matrix that is stored as [in, out] learns what the same one stored as [out, in] does.
TEST(Muon, TrainsATransposedMatrixToTheTranspose) {
  nn::ParameterSet set;
  const Tensor start = random_tensor({4, 6}, 1, at::kFloat), gradient = random_tensor({4, 6}, 2, at::kFloat);
  set.add("out_in", start.clone().requires_grad_(true));
  set.add("in_out", start.t().contiguous().requires_grad_(true));
  Optimizer optimizer(set, {.kind = "muon", .weight_decay = 0.1, .clip = 0}, {.is_block_matrix = &always});
  Tensor(set.get("out_in")).mutable_grad() = gradient.clone();
  Tensor(set.get("in_out")).mutable_grad() = gradient.t().clone();
  optimizer.accumulate();
  optimizer.step(0.1);
  EXPECT_LT(distance(set.get("out_in").detach(), set.get("in_out").detach().t()), 1e-6);
  EXPECT_GT(distance(set.get("out_in").detach(), start), 1e-3);
}

class EveryFamily : public ::testing::TestWithParam<const backbones::FamilyEntry*> {
 protected:
  static std::unique_ptr<model::Model> tiny_model() {
    const backbones::FamilyEntry& family = *GetParam();
    nlohmann::json config = {{"vocab_size", 50},
                             {"hidden_size", 32},
                             {"num_hidden_layers", 2},
                             {"num_attention_heads", 4},
                             {"intermediate_size", 24},
                             {"relative_attention", true},
                             {"pos_att_type", {"c2p", "p2c"}}};
    for (const backbones::KeyName& key : family.key_names) {
      if (const auto found = config.find(key.usual); found != config.end()) config[std::string(key.own)] = *found;
    }
    backbones::ConfigReader reader(config, "test");
    const nn::Sizes sizes = family.sizes(reader);
    const heads::HeadConfig head{.kind = "bt", .norm = "none", .tau = 1};
    nn::ParameterSet parameters = model::initial_backbone(family, sizes, 0.3, 7);
    const nn::ParameterSet initial_head = model::initial_head(head, sizes.hidden, 7);
    for (const nn::Parameter& p : initial_head.all()) parameters.add(p.name, p.value);
    for (const nn::Parameter& p : parameters.all()) p.value.set_requires_grad(true);
    return std::make_unique<model::Model>(family, config, head, std::move(parameters));
  }

  // Told by the names alone: what lies in a block has the block's number as a part of its name.
  static bool is_of_a_block(const std::string& name) {
    for (size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
      if (std::isdigit(static_cast<unsigned char>(name[dot + 1])) != 0 && name[dot + 2] == '.') return true;
    }
    return false;
  }

  // One step from random gradients.
  static void step(const model::Model& model, const std::string& kind) {
    LoopConfig config{.lr = 1e-2};
    config.optimizer.kind = kind;
    Optimizer optimizer = loop_optimizer(model, config);
    uint64_t seed = 1;
    for (const nn::Parameter& p : model.parameters().all())
      Tensor(p.value).mutable_grad() = random_tensor(p.value.sizes().vec(), seed++, at::kFloat);
    optimizer.accumulate();
    optimizer.step(config.lr);
  }
};

TEST_P(EveryFamily, MuonTrainsExactlyTheMatricesOfTheBlocks) {
  const auto by_adamw = tiny_model(), by_muon = tiny_model();
  std::set<std::string> expected;
  for (const nn::Parameter& p : by_muon->parameters().all()) {
    if (p.value.dim() == 2 && is_of_a_block(p.name)) expected.insert(p.name);
  }
  EXPECT_GE(expected.size(), 2u * 4);  // two blocks with at least qkv, out and two matrices of the feed-forward
  LoopConfig config;
  config.optimizer.kind = "muon";
  const std::vector<std::string> names = loop_optimizer(*by_muon, config).muon_names();
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), expected);

  step(*by_adamw, "adamw");
  step(*by_muon, "muon");
  for (const nn::Parameter& p : by_muon->parameters().all()) {
    const bool is_same = at::equal(p.value.detach(), by_adamw->parameters().get(p.name).detach());
    EXPECT_EQ(is_same, !expected.contains(p.name)) << p.name;
  }
}

TEST_P(EveryFamily, MuonWithoutAMatrixIsRefused) {
  const auto model = tiny_model();
  for (const nn::Parameter& p : model->parameters().all()) p.value.set_requires_grad(!is_of_a_block(p.name));
  LoopConfig config;
  EXPECT_TRUE(loop_optimizer(*model, config).muon_names().empty());
  config.optimizer.kind = "muon";
  EXPECT_THAT([&] { loop_optimizer(*model, config); }, ThrowsMessage<ConfigError>(HasSubstr("use adamw")));
}

INSTANTIATE_TEST_SUITE_P(Families, EveryFamily, ::testing::ValuesIn(backbones::all_families()),
                         [](const auto& family) { return std::string(family.param->name); });

}  // namespace
}  // namespace rondo::train
