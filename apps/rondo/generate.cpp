// SPDX-License-Identifier: Apache-2.0
// rondo generate: K responses of a policy to every prompt of a file, as rows that `rondo rank`, `rondo eval` and other
// pipelines read. Finished rows collect in OUT.part, from which an interrupted run continues.
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/rondo/interrupt.h"
#include "apps/rondo/open.h"
#include "apps/rondo/part_file.h"
#include "rondo/base/error.h"
#include "rondo/base/hash.h"
#include "rondo/generate/generator.h"
#include "rondo/generate/rows.h"
#include "rondo/io/atomic_file.h"
#include "rondo/io/config_json.h"
#include "rondo/io/json.h"
#include "rondo/text/text_rows.h"

namespace rondo::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct GenerateConfig {
  std::string model;
  std::string data;
  std::string out;
  std::string device = "cpu";
  bool with_ids = false;
  TextFlags text;
  generate::GenerateOptions options;
};

// What decides the responses, and so what a continued run must share with its beginning.
void describe_run(FieldVisitor& v, GenerateConfig& c) {
  v.text("model", c.model, "policy: a model directory with a language-model head");
  v.text("data", c.data, "prompts: JSONL rows with `prompt` or `messages`; - for standard input");
  describe(v, c.options);
  describe(v, c.text);
}

void describe(FieldVisitor& v, GenerateConfig& c) {
  describe_run(v, c);
  v.text("out", c.out, "JSONL file, one row a prompt; unfinished work stays in OUT.part and is continued");
  v.boolean("with_ids", c.with_ids, "write the token ids of the responses as well");
  describe_device(v, c.device);
}

void run_generate(GenerateConfig config, Session& session) {
  require_flag(config.model, "--model");
  require_flag(config.data, "--data");
  require_flag(config.out, "--out");
  use_threads(session);
  const at::Device device = open_device(config.device);
  const OpenModel open = open_model(config.model, {.device = device, .as_policy = true}, config.text, session);
  std::vector<Json> rows;
  std::vector<generate::TokenPrompt> prompts;
  Sha256 hash;
  text::for_each_line(config.data, [&](const Json& row) {
    hash.update(row.dump() + "\n");
    prompts.push_back({open.encoder->encode_prompt(text::prompt_of(row)), prompts.size()});
    rows.push_back(row);
  });
  if (prompts.empty()) throw DataError("no prompts: " + config.data + ": the file has no rows");
  config.options.seed = static_cast<uint64_t>(session.seed);
  config.options.stop_ids = stop_ids(open);

  io::ConfigWriter writer;
  describe_run(writer, config);
  PartFile part(config.out + ".part", {{"run", Json(writer.json())},
                                       {"seed", session.seed},
                                       {"prompts", hash.hex()},
                                       {"weights", model::weights_hash(open.model())}});
  const auto before = static_cast<size_t>(part.finished());
  if (before > 0) session.log(LogLevel::kInfo, fmt::format("continuing behind {} finished prompts", before));
  prompts.erase(prompts.begin(), prompts.begin() + static_cast<std::ptrdiff_t>(std::min(before, prompts.size())));
  catch_interrupt();
  const generate::GenerateCost cost = generate::generate(
      open.model(), open.encoder->tokenizer(), prompts, config.options,
      [&](size_t index, const std::vector<generate::GeneratedResponse>& responses) {
        part.add(generate::response_row(rows[before + index], responses, config.with_ids)
                     .dump(-1, ' ', false, Json::error_handler_t::replace));
        session.progress(static_cast<int64_t>(before + index + 1), static_cast<int64_t>(rows.size()), "sampling");
      },
      &interrupted);
  if (static_cast<size_t>(part.finished()) < rows.size()) {
    session.log(LogLevel::kWarning, fmt::format("stopped after {} of {} prompts; the same command continues",
                                                part.finished(), rows.size()));
    session.exit_code = kInterruptedExit;
    return;
  }
  io::AtomicFile file(config.out);
  part.for_each([&](const std::string& row) { file.write(row + "\n"); });
  file.commit();
  part.remove();
  session.log(
      LogLevel::kInfo,
      fmt::format("{} prompts, {} responses: {} prompt tokens computed once each, {} new tokens", rows.size(),
                  rows.size() * static_cast<size_t>(config.options.responses), cost.prompt_tokens, cost.new_tokens));
}

Runner setup(CLI::App& app) {
  auto config = std::make_shared<GenerateConfig>();
  FlagBinder binder(app);
  describe(binder, *config);
  return [config](Session& session) { run_generate(*config, session); };
}

}  // namespace

constinit const VerbEntry generate_entry{
    .name = "generate",
    .summary = "sample responses of a policy",
    .setup = &setup,
};

}  // namespace rondo::cli
