// SPDX-License-Identifier: Apache-2.0
// rondo template: conversations through a chat template, one row out per row in.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/rondo/cli.h"
#include "rondo/base/error.h"
#include "rondo/data/prompt_rows.h"
#include "rondo/io/atomic_file.h"
#include "rondo/model/text_policy.h"
#include "rondo/text/chat_template.h"
#include "rondo/text/files.h"
#include "rondo/text/jinja/error.h"

namespace rondo::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string file;
  std::string model;
  std::string name = "default";
  std::string data;
  std::string out;
  int64_t clock = -1;
};

text::ChatTemplate open_template(const Options& options) {
  if (options.file.empty() == options.model.empty()) {
    throw ConfigError("no template: give exactly one of --template and --model");
  }
  if (!options.file.empty()) return text::ChatTemplate(text::read_text_file(options.file), {});
  auto loaded = text::ChatTemplate::load(options.model, options.name);
  if (!loaded) throw ModelError("no template: " + options.model + ": the model has none; give --template FILE");
  return std::move(*loaded);
}

// As given, or as the model records it.
std::optional<int64_t> clock_of(const Options& options) {
  if (options.clock >= 0) return options.clock;
  if (options.model.empty()) return std::nullopt;
  return model::read_text_policy(model::find_files(options.model, ""), {}).clock;
}

Json render_row(const text::ChatTemplate& chat_template, const Json& row) {
  try {
    const text::Rendering rendering = chat_template.render(data::template_input(row));
    Json result = {{"text", rendering.text}};
    if (rendering.generation.empty()) return result;
    for (const auto& range : rendering.generation) result["generation"].push_back({range.begin, range.end});
    return result;
  } catch (const text::jinja::RenderError& error) {
    return {{"error", error.reason}, {"error_type", error.type}};
  }
}

void run(const Options& options) {
  text::ChatTemplate chat_template = open_template(options);
  if (const std::optional<int64_t> clock = clock_of(options)) chat_template.set_clock(*clock);
  io::AtomicFile out(options.out);
  data::for_each_row(options.data, [&](const Json& row) { out.write(render_row(chat_template, row).dump() + "\n"); });
  out.commit();
}

Runner setup(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("--template", options->file, "a Jinja file");
  app.add_option("--model", options->model, "a model directory, whose template is used");
  app.add_option("--name", options->name, "which of the model's named templates");
  app.add_option("--data", options->data, "JSONL of {messages, tools, kwargs, add_generation_prompt, ...}")->required();
  app.add_option("--out", options->out, "JSONL of {text} or {error}")->required();
  app.add_option("--clock", options->clock, "what strftime_now sees: local time as seconds since 1970");
  return [options](Session&) { run(*options); };
}

}  // namespace

constinit const VerbEntry template_entry{
    .name = "template",
    .summary = "render conversations with a chat template",
    .setup = &setup,
};

}  // namespace rondo::cli
