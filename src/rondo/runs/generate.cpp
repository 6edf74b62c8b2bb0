// SPDX-License-Identifier: Apache-2.0
#include "rondo/runs/generate.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "rondo/base/device.h"
#include "rondo/base/error.h"
#include "rondo/base/hash.h"
#include "rondo/data/group_writer.h"
#include "rondo/data/prompt_rows.h"
#include "rondo/generate/rows.h"
#include "rondo/io/atomic_file.h"
#include "rondo/io/part_file.h"
#include "rondo/runs/open.h"

namespace rondo::runs {
namespace {

using Json = nlohmann::ordered_json;

// What decides the responses, and so what a continued run must share with its beginning.
void describe_run(FieldVisitor& v, GenerateConfig& c) {
  v.text("model", c.model, "policy: a model directory with a language-model head");
  v.text("data", c.data, "prompts: rows of any shape, or with `prompt` or `messages` alone; - for standard input");
  describe(v, c.options);
  describe(v, c.text);
}

struct PromptFile {
  std::vector<Json> rows;
  std::vector<generate::TokenPrompt> prompts;
  std::string hash;
};

PromptFile read_prompts(const std::string& path, const text::TextEncoder& encoder) {
  PromptFile file;
  Sha256 hash;
  data::for_each_row(path, [&](const Json& row) {
    hash.update(row.dump() + "\n");
    const Prompt prompt = data::unlabelled_row(row).prompt;
    file.prompts.push_back({encoder.encode_prompt(prompt), file.prompts.size()});
    file.rows.push_back(data::prompt_row(row, prompt));
  });
  if (file.prompts.empty()) throw DataError("no prompts: " + path + ": the file has no rows");
  file.hash = hash.hex();
  return file;
}

void publish(const std::string& out, io::PartFile& part) {
  io::AtomicFile file(out);
  part.for_each([&](const std::string& row) { file.write(row + "\n"); });
  file.commit();
  part.remove();
}

}  // namespace

void describe(FieldVisitor& v, GenerateConfig& c) {
  describe_run(v, c);
  v.text("out", c.out, "JSONL file, one row a prompt; unfinished work stays in OUT.part and is continued");
  v.boolean("with_ids", c.with_ids, "write the token ids of the responses as well");
  describe_device(v, c.device);
}

GenerateResult generate(GenerateConfig config, const Hooks& hooks) {
  require_field(config.model, "model");
  require_field(config.data, "data");
  require_field(config.out, "out");
  use_threads(config.process.threads);
  const at::Device device = open_device(config.device);
  const model::Reader policy = open_reader(
      config.model, {.load = {.device = device, .as_policy = true}, .text = config.text}, config.process, hooks);
  PromptFile file = read_prompts(config.data, policy.encoder());
  config.options.seed = static_cast<uint64_t>(config.process.seed);
  config.options.stop_ids = policy.stop_ids();

  io::PartFile part(config.out + ".part", {{"run", config_json([&](FieldVisitor& v) { describe_run(v, config); })},
                                           {"seed", config.process.seed},
                                           {"prompts", file.hash},
                                           {"weights", model::weights_hash(policy.model())}});
  const auto before = static_cast<size_t>(part.finished());
  if (before > 0) hooks.log(LogLevel::kInfo, fmt::format("continuing behind {} finished prompts", before));
  std::vector<generate::TokenPrompt>& prompts = file.prompts;
  prompts.erase(prompts.begin(), prompts.begin() + static_cast<std::ptrdiff_t>(std::min(before, prompts.size())));
  GenerateResult result{.prompts = static_cast<int64_t>(file.rows.size())};
  result.cost = generate::generate(
      policy.model(), policy.encoder().tokenizer(), prompts, config.options,
      [&](size_t index, const std::vector<generate::GeneratedResponse>& responses) {
        part.add(generate::response_row(file.rows[before + index], responses, config.with_ids)
                     .dump(-1, ' ', false, Json::error_handler_t::replace));
        hooks.progress(static_cast<int64_t>(before + index + 1), result.prompts, "sampling");
      },
      hooks.should_stop);
  result.finished = part.finished();
  result.interrupted = result.finished < result.prompts;
  if (!result.interrupted) publish(config.out, part);
  return result;
}

}  // namespace rondo::runs
