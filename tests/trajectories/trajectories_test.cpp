// SPDX-License-Identifier: Apache-2.0
// Twenty training steps of a tiny model, loss and gradient norm of each: as recorded, and the same however the work is
// cut. tools/check_trajectories.py compares the same runs with transformers and torch.
//
// RONDO_RECORD=1 writes the recorded files anew.
#include <cstdlib>
#include <fstream>

#include "rondo/train/metrics_log.h"
#include "tests/support/lab.h"

namespace rondo {
namespace {

constexpr int64_t kSteps = 20;
constexpr double kLossTolerance = 1e-6;  // relative where the loss is above 1
constexpr double kNormTolerance = 1e-5;  // of the gradient norm, which sums thousands of roundings

struct Recipe {
  const char* name;
  void (*change)(train::TrainConfig& config);
};

constexpr Recipe kRecipes[] = {
    {"bt", [](train::TrainConfig& c) { c.head = "bt"; }},
    {"gpm", [](train::TrainConfig& c) { c.head_options.gate = "softmax"; }},
    {"hrc_muon",
     [](train::TrainConfig& c) {
       c.head = "hrc";
       c.loop.optimizer.kind = "muon";
       c.loop.objective.center = 0.1;
       c.loop.optimizer.weight_decay = 0.1;
     }},
    {"lora", [](train::TrainConfig& c) { c.lora.rank = 2; }},
    {"davidson", [](train::TrainConfig& c) { c.loop.objective.loss = "davidson"; }},
};

struct Trajectory {
  std::vector<double> loss, norm;
};

class Trajectories : public testing::Lab {
 protected:
  runs::TrainConfig recipe(const Recipe& recipe, const std::string& out) const {
    if (!std::filesystem::exists(folder_ / "base")) base("base");
    runs::TrainConfig config = training(path("base"), out, kSteps);
    config.train.loop.lr = 1e-3;
    recipe.change(config.train);
    if (config.train.head == "bt") config.train.head_options = {};
    config.process.seed = 5;
    return config;
  }

  Trajectory run(const runs::TrainConfig& config) const {
    runs::train(config, {});
    Trajectory trajectory;
    for (const nlohmann::json& row : train::read_metrics(std::filesystem::path(config.train.out) / "metrics.jsonl")) {
      trajectory.loss.push_back(row.at("loss"));
      trajectory.norm.push_back(row.at("grad_norm"));
    }
    EXPECT_EQ(trajectory.loss.size(), static_cast<size_t>(kSteps));
    return trajectory;
  }

  static void expect_near(const Trajectory& actual, const Trajectory& expected, const std::string& what) {
    ASSERT_EQ(actual.loss.size(), expected.loss.size()) << what;
    const auto bound = [](double x, double tolerance) { return tolerance * std::max(1.0, std::abs(x)); };
    for (size_t step = 0; step < actual.loss.size(); ++step) {
      EXPECT_NEAR(actual.loss[step], expected.loss[step], bound(expected.loss[step], kLossTolerance))
          << what << " step " << step + 1;
      EXPECT_NEAR(actual.norm[step], expected.norm[step], bound(expected.norm[step], kNormTolerance))
          << what << " step " << step + 1;
    }
  }
};

std::filesystem::path recorded_file(const char* name) {
  return std::filesystem::path("tests/data/trajectories") / (std::string(name) + ".json");
}

TEST_F(Trajectories, AreAsRecorded) {
  for (const Recipe& r : kRecipes) {
    const Trajectory now = run(recipe(r, r.name));
    EXPECT_LT(now.loss.back(), now.loss.front()) << r.name << " learns nothing";
    if (std::getenv("RONDO_RECORD") != nullptr) {
      const nlohmann::json json = {{"loss", now.loss}, {"grad_norm", now.norm}};
      std::ofstream(recorded_file(r.name)) << json.dump(1) << "\n";
      continue;
    }
    const nlohmann::json recorded = nlohmann::json::parse(io::TestFolder::read(recorded_file(r.name)));
    expect_near(now, {recorded["loss"], recorded["grad_norm"]}, r.name);
  }
}

TEST_F(Trajectories, AreTheSameHoweverTheWorkIsCut) {
  struct Change {
    const char* name;
    void (*change)(runs::TrainConfig& config);
  };
  constexpr Change kChanges[] = {
      {"micro-batches of one group", [](runs::TrainConfig& c) { c.train.loop.token_budget = 1; }},
      {"two threads", [](runs::TrainConfig& c) { c.process.threads = 2; }},
      {"recomputed activations", [](runs::TrainConfig& c) { c.train.loop.objective.recompute = true; }},
  };
  for (const Recipe& r : kRecipes) {
    const std::string name = r.name;
    const Trajectory straight = run(recipe(r, name));
    for (size_t k = 0; k < std::size(kChanges); ++k) {
      runs::TrainConfig changed = recipe(r, name + std::to_string(k));
      kChanges[k].change(changed);
      expect_near(run(changed), straight, name + ", " + kChanges[k].name);
    }
  }
}

}  // namespace
}  // namespace rondo
