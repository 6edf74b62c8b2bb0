// SPDX-License-Identifier: Apache-2.0
// Rondo inside another program: open a model, rank three responses, train ten steps.
//
// usage: embed MODEL_DIR DATA_FILE OUT_DIR
#include <rondo/base/error.h>
#include <rondo/core/numbers.h>
#include <rondo/rank/ranking.h>
#include <rondo/runs/table.h>
#include <rondo/runs/train.h>

#include <cstdio>

int main(int argc, char** argv) try {
  if (argc != 4) throw rondo::ConfigError("usage: embed MODEL_DIR DATA_FILE OUT_DIR");
  const rondo::model::Reader reader(argv[1]);
  rondo::Group group{.prompt = {.text = "pick a letter "}};
  for (const char* letter : {"A", "B", "C"}) group.responses.push_back({.role = "assistant", .content = letter});

  const rondo::PreferenceTable table = rondo::runs::table_of(reader, group);
  const std::vector<double> scores = rondo::to_numbers(table.scores_MM());
  const size_t count = group.responses.size();
  for (size_t i = 0; i < count; ++i) {
    std::printf("%s", group.responses[i].content.c_str());
    for (size_t j = 0; j < count; ++j) std::printf(" %8.4f", scores[i * count + j]);
    std::printf("\n");
  }
  const rondo::rank::Ranking ranking = rondo::rank::rank_table(scores, rondo::to_numbers(table.mean_scores_M()));
  std::printf("best: %s\n", group.responses[static_cast<size_t>(ranking.best)].content.c_str());

  rondo::runs::TrainConfig config;
  config.train.model = argv[1];
  config.train.data = {argv[2]};
  config.train.out = argv[3];
  config.train.loop.steps = 10;
  const rondo::train::LoopResult result = rondo::runs::train(config, {});
  std::printf("%lld steps, model in %s\n", static_cast<long long>(result.state.step), argv[3]);
} catch (const rondo::Error& error) {
  std::fprintf(stderr, "embed: %s\n", error.what());
  return rondo::exit_code(error.kind());
}
