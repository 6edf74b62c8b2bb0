// SPDX-License-Identifier: Apache-2.0
// rondo init: a model directory with random weights of a given shape, and a tokenizer that is given or built from a
// word list.
#include "rondo/model/init.h"

#include <fmt/format.h>

#include "apps/rondo/cli.h"

namespace rondo::cli {
namespace {

void run_init(const model::InitConfig& config, Session& session) {
  const int64_t seed = session.process.seed;
  const model::InitResult result = model::init_model(config, static_cast<uint64_t>(seed));
  print_line(fmt::format("{}: {}, {} parameters, {} tokens in the vocabulary, seed {}", config.out, config.family,
                         result.parameters, result.vocabulary, seed));
}

Runner setup(CLI::App& app) {
  auto config = std::make_shared<model::InitConfig>();
  FlagBinder binder(app);
  describe(binder, *config);
  return [config](Session& session) { run_init(*config, session); };
}

}  // namespace

constinit const VerbEntry init_entry{
    .name = "init",
    .summary = "make a model directory with random weights",
    .setup = &setup,
};

}  // namespace rondo::cli
