// SPDX-License-Identifier: Apache-2.0
// A folder with small models and rows, for tests that call runs as another program would.
#pragma once

#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "rondo/base/error.h"
#include "rondo/io/test_folder.h"
#include "rondo/model/init.h"
#include "rondo/model/reader.h"
#include "rondo/runs/align.h"
#include "rondo/runs/train.h"

namespace rondo::testing {

class Lab : public ::testing::Test {
 protected:
  Lab() {
    folder_.write("words.txt", "a\nb\nc\nd\n");
    write_rows("rows.jsonl");
    folder_.write("prompts.jsonl", R"({"prompt":"a b "}
{"prompt":"b c "}
{"prompt":"c d a "}
)");
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  /// Groups of three responses with a cycle.
  void write_rows(const std::string& name) const {
    std::string rows;
    for (const char* prompt : {"a ", "b ", "c ", "d a ", "a a "}) {
      rows += nlohmann::json{{"prompt", prompt},
                             {"responses", {"a b", "b c c", "c"}},
                             {"comparisons", {{{"i", 0}, {"j", 1}}, {{"i", 1}, {"j", 2}}, {{"i", 2}, {"j", 0}}}}}
                  .dump() +
              "\n";
    }
    folder_.write(name, rows);
  }

  /// A model without a head.
  std::string base(const std::string& name, uint64_t seed = 1) const {
    model::init_model(
        {.layers = 1, .hidden = 16, .heads = 2, .inner = 32, .std = 0, .words = path("words.txt"), .out = path(name)},
        seed);
    return path(name);
  }

  runs::TrainConfig training(const std::string& model, const std::string& out, int64_t steps) const {
    runs::TrainConfig config;
    config.train.model = model;
    config.train.head = "gpm";
    config.train.head_options.planes = 2;
    config.train.data = {path("rows.jsonl")};
    config.train.out = path(out);
    config.train.loop.steps = steps;
    config.train.loop.lr = 1e-2;
    config.train.loop.sampler.batch_groups = 2;
    config.process.threads = 1;
    config.writes_report = false;
    return config;
  }

  /// A trained preference model.
  std::string judge(const std::string& name, const std::string& gate = "none") const {
    runs::TrainConfig config = training(base(name + "-base", 3), name, 3);
    config.train.head_options.gate = gate;
    runs::train(config, {});
    return path(name);
  }

  runs::AlignConfig alignment(const std::string& policy, const std::string& judge, const std::string& out) const {
    runs::AlignConfig config;
    config.align.policy = policy;
    config.align.judge = judge;
    config.align.prompts = path("prompts.jsonl");
    config.align.out = path(out);
    config.align.iterations = 1;
    config.align.loop.steps = 2;
    config.align.loop.lr = 1e-3;
    config.align.eval_responses = 0;
    config.align.generate.responses = 3;
    config.align.generate.max_new_tokens = 4;
    config.align.generate.sampling.temperature = 3;  // the logits of random weights are far apart
    // A batch of one prompt, so that sampling can end between prompts.
    config.align.generate.token_budget = 1;
    config.process.threads = 1;
    return config;
  }

  /// Hooks that stop at the n-th question.
  static runs::Hooks stopping_at(int n) {
    runs::Hooks hooks;
    hooks.should_stop = [asked = std::make_shared<int>(0), n] { return ++*asked >= n; };
    return hooks;
  }

  std::string weights(const std::string& name) const { return model::weights_hash(model::Reader(path(name)).model()); }
  nlohmann::json json_of(const std::string& name) const {
    return nlohmann::json::parse(io::TestFolder::read(folder_ / name));
  }

  io::TestFolder folder_;
};

}  // namespace rondo::testing
