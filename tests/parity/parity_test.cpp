// SPDX-License-Identifier: Apache-2.0
// Backbones against transformers: hidden states, rewards and the gradient of every parameter, on models that
// tools/record_parity.py recorded (versions and seed in each case.json).
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/log_sigmoid.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "rondo/core/pack.h"
#include "rondo/io/json.h"
#include "rondo/io/safetensors.h"
#include "rondo/model/directory.h"
#include "rondo/model/tensors.h"
#include "tests/support/shared_data.h"
#include "tests/support/tensors.h"

namespace rondo {
namespace {

namespace fs = std::filesystem;
using testing::distance;

// Of states and rewards, which are of the size of 1; of gradients relative to the largest entry where that is above 1.
constexpr double kFloatTolerance = 1e-5;
// bfloat16 keeps 8 bits, and two correct programs round at different places: ours may be as far from float32 as
// transformers is, times this. In root mean square, because the largest of a thousand differences is a matter of luck.
constexpr double kHalfFactor = 1.25;

std::vector<std::string> recorded_models() {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(testing::fixture_folder() / "parity")) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

struct Case {
  fs::path folder;
  std::vector<TokenGroup> groups;
  std::map<std::string, Tensor> expected;
};

Case load_case(const std::string& name) {
  Case c{.folder = testing::fixture_folder() / "parity" / name};
  const nlohmann::json recorded = io::read_json_file(c.folder / "case.json");
  for (const auto& group : recorded.at("groups")) {
    TokenGroup tokens;
    for (const auto& ids : group) {
      TokenResponse r{.ids = ids.get<std::vector<int32_t>>()};
      r.pool_end = recorded.value("reads_first", false) ? 1 : static_cast<int64_t>(r.ids.size());
      r.pool_begin = r.pool_end - 1;
      // Types were recorded where the family has them: 0 in the prompt, 1 behind it.
      if (recorded.at("prompt_lengths").is_array()) {
        r.type_ids.assign(r.ids.size(), 1);
        std::fill_n(r.type_ids.begin(), recorded["prompt_lengths"][c.groups.size()].get<size_t>(), 0);
      }
      tokens.responses.push_back(std::move(r));
    }
    c.groups.push_back(std::move(tokens));
  }
  const auto reader = std::make_shared<const io::SafetensorsReader>(c.folder / "expected.safetensors");
  for (const io::TensorView& view : reader->tensors()) c.expected[view.name] = model::view_tensor(view, reader);
  return c;
}

double root_mean_square(const Tensor& x) { return x.to(at::kDouble).square().mean().sqrt().item<double>(); }

PackedBatch pack_all(const Case& c, const backbones::FamilyEntry& family) {
  std::vector<GroupSelection> selections;
  for (const TokenGroup& group : c.groups) selections.push_back(select_all(group));
  return pack(selections, {.bidirectional = family.is_encoder});
}

// Rows of the segment that holds a response's own tokens; found by the tokens (of equal ones, the first).
Tensor own_rows(const TokenResponse& response, const SegmentTree& tree, const PackedBatch& batch,
                const Tensor& hidden_ND) {
  const auto length = static_cast<int64_t>(response.ids.size()) - tree.prefix_length;
  for (const SegmentRun& run : tree.runs) {
    for (int64_t k = 0; k < run.count && run.length == length; ++k) {
      const int64_t begin = run.begin + k * run.length;
      const Tensor ids = batch.ids_N.narrow(0, begin, length).to(at::kInt).contiguous();
      if (std::equal(response.ids.begin() + tree.prefix_length, response.ids.end(), ids.const_data_ptr<int32_t>())) {
        return hidden_ND.narrow(0, begin, length);
      }
    }
  }
  throw InternalError("no segment holds the tokens of a response");
}

// Hidden states of every sequence in the recorded order: its prefix rows, then its own rows.
Tensor by_sequence(const Case& c, const PackedBatch& batch, const Tensor& hidden_ND) {
  std::vector<Tensor> rows;
  for (size_t g = 0; g < c.groups.size(); ++g) {
    const SegmentTree& tree = batch.layout.trees[g];
    for (const TokenResponse& response : c.groups[g].responses) {
      rows.push_back(hidden_ND.narrow(0, tree.prefix_begin, tree.prefix_length));
      rows.push_back(own_rows(response, tree, batch, hidden_ND));
    }
  }
  return at::cat(rows);
}

// Into the report of --gtest_output, where the table of families takes it from.
void note(const char* what, double difference) {
  ::testing::Test::RecordProperty(what, fmt::format("{:.2e}", difference));
}

class Parity : public ::testing::TestWithParam<std::string> {};

TEST_P(Parity, HiddenStatesAndRewardsInFloat32) {
  const Case c = load_case(GetParam());
  const auto loaded = model::load(c.folder);
  const PackedBatch batch = pack_all(c, loaded.model->family());
  const Tensor hidden_ND = loaded.model->hidden(batch);
  const double states = distance(by_sequence(c, batch, hidden_ND), c.expected.at("hidden"));
  const double rewards = distance(loaded.model->forward(batch).rewards_R, c.expected.at("rewards"));
  EXPECT_LT(states, kFloatTolerance);
  EXPECT_LT(rewards, kFloatTolerance);
  note("states", states);
  note("rewards", rewards);
}

// The name of a parameter in transformers: the output of a classifier is our head.
std::string recorded_name(const std::string& name, const model::Model& model) {
  const std::string_view head = "score";
  if (!model.head_config().classifier || !name.starts_with(head)) return name;
  return std::string(model.family().classifier.output) + name.substr(head.size());
}

TEST_P(Parity, GradientsOfEveryParameter) {
  double largest = 0;
  for (const bool recompute : {false, true}) {
    const Case c = load_case(GetParam());
    const auto loaded = model::load(c.folder, {.trainable = true});
    const Tensor rewards_R =
        loaded.model->forward(pack_all(c, loaded.model->family()), {.recompute_blocks = recompute}).rewards_R;
    Tensor loss;
    int64_t first = 0;
    for (const TokenGroup& group : c.groups) {
      const auto count = static_cast<int64_t>(group.responses.size());
      for (int64_t i = 0; i < count; ++i) {
        for (int64_t j = i + 1; j < count; ++j) {
          const Tensor nll = -at::log_sigmoid(rewards_R[first + i] - rewards_R[first + j]);
          loss = loss.defined() ? loss + nll : nll;
        }
      }
      first += count;
    }
    loss.backward();
    for (const nn::Parameter& p : loaded.model->parameters().all()) {
      ASSERT_TRUE(p.value.grad().defined()) << p.name;
      const Tensor& expected = c.expected.at("grad." + recorded_name(p.name, *loaded.model));
      const double size = std::max(1.0, expected.abs().max().item<double>());
      const double difference = distance(p.value.grad(), expected) / size;
      EXPECT_LT(difference, kFloatTolerance) << p.name << " recompute " << recompute;
      largest = std::max(largest, difference);
    }
  }
  note("gradients", largest);
}

TEST_P(Parity, HiddenStatesAndRewardsInBfloat16) {
  const Case c = load_case(GetParam());
  const auto loaded = model::load(c.folder, {.dtype = at::kBFloat16});
  const PackedBatch batch = pack_all(c, loaded.model->family());
  const Tensor& expected = c.expected.at("hidden");
  const double theirs = root_mean_square(c.expected.at("hidden_bf16") - expected);
  EXPECT_GT(theirs, 1e-3);
  const double ours = root_mean_square(by_sequence(c, batch, loaded.model->hidden(batch)).to(at::kFloat) - expected);
  EXPECT_LT(ours, kHalfFactor * theirs);
  const double largest = distance(c.expected.at("hidden_bf16"), expected);
  EXPECT_LT(distance(loaded.model->forward(batch).rewards_R, c.expected.at("rewards")), kHalfFactor * largest);
  note("bfloat16_ratio", ours / theirs);
}

INSTANTIATE_TEST_SUITE_P(Recorded, Parity, ::testing::ValuesIn(recorded_models()),
                         [](const auto& row) { return row.param; });

}  // namespace
}  // namespace rondo
