// SPDX-License-Identifier: Apache-2.0
// rondo rank: order the responses of every prompt, every sequence once.
#include "rondo/runs/rank.h"

#include <fmt/format.h>

#include "apps/rondo/cli.h"
#include "rondo/io/atomic_file.h"

namespace rondo::cli {
namespace {

struct RankFlags {
  runs::RankConfig config;
  std::string out = "-";
};

void run_rank(const RankFlags& flags, Session& session) {
  runs::RankConfig config = flags.config;
  config.process = session.process;
  std::unique_ptr<io::AtomicFile> file;
  if (flags.out != "-") file = std::make_unique<io::AtomicFile>(flags.out);
  const auto write = [&file](const nlohmann::ordered_json& row) {
    if (!file) return print_line(row.dump());
    file->write(row.dump() + "\n");
  };
  const runs::RankResult result = runs::rank(config, session.hooks(), write);
  if (file) file->commit();
  session.log(LogLevel::kInfo, fmt::format("{} prompts ranked with {} and {} tokens", result.prompts,
                                           model::queries_text(result.cost), result.cost.tokens));
}

Runner setup(CLI::App& app) {
  auto flags = std::make_shared<RankFlags>();
  FlagBinder binder(app);
  describe(binder, flags->config);
  binder.text("out", flags->out, "JSONL file, one row a prompt; - for standard output");
  return [flags](Session& session) { run_rank(*flags, session); };
}

}  // namespace

constinit const VerbEntry rank_entry{
    .name = "rank",
    .summary = "order the responses of every prompt",
    .setup = &setup,
};

}  // namespace rondo::cli
