// SPDX-License-Identifier: Apache-2.0
// rondo inspect: what a model directory is, and what of it will be ignored.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "apps/rondo/cli.h"
#include "apps/rondo/open.h"
#include "rondo/base/error.h"
#include "rondo/io/json.h"
#include "rondo/model/head_config.h"

namespace rondo::cli {
namespace {

using nlohmann::ordered_json;

struct InspectConfig {
  std::string directory;
  std::string json;
  bool tensors = false;
};

// A base model has no head: a placeholder lets the rest be read, and is not reported.
bool has_head(const std::string& directory) {
  const nlohmann::json config = io::read_json_file(std::filesystem::path(directory) / "config.json", ErrorKind::kModel);
  if (config.contains("rondo") && config["rondo"].contains("head")) return true;
  const auto found = config.find("architectures");
  return found != config.end() && found->is_array() && !found->empty() && found->front().is_string() &&
         found->front().get<std::string>().find("ForSequenceClassification") != std::string::npos;
}

ordered_json head_json(const OpenModel& open, bool present) {
  if (!present) return nullptr;
  return ordered_json::parse(model::write_head_config(open.model().head_config()).dump());
}

ordered_json summary(const OpenModel& open, bool present) {
  const backbones::Backbone& backbone = open.model().backbone();
  const nn::Sizes& s = backbone.sizes();
  ordered_json j;
  j["family"] = std::string(open.model().family().name);
  j["layers"] = s.layers;
  j["hidden"] = s.hidden;
  j["heads"] = s.heads;
  j["kv_heads"] = s.kv_heads;
  j["vocabulary"] = s.vocab;
  j["parameters"] = open.model().parameters().element_count();
  j["dtype"] = std::string(c10::toString(open.model().parameters().all().front().value.scalar_type()));
  j["max_length"] = open.model().max_length();
  j["head"] = head_json(open, present);
  j["text"] = ordered_json::parse(open.text_json().dump());
  j["bos_token"] = open.encoder->bos_id() ? ordered_json(open.encoder->tokenizer().token(*open.encoder->bos_id()))
                                          : ordered_json(nullptr);
  j["eos_token"] = open.encoder->eos_id() ? ordered_json(open.encoder->tokenizer().token(*open.encoder->eos_id()))
                                          : ordered_json(nullptr);
  std::string note;
  static_cast<void>(text::load_tokenizer_as_transformers(open.directory, &note));
  j["tokenizer"] = note.empty() ? "as tokenizer.json says" : note;
  j["template_hash"] = open.encoder->template_hash();
  if (present) j["weights_hash"] = model::weights_hash(open.model());
  j["ignored_tensors"] = open.loaded.ignored_tensors;
  j["ignored_config_keys"] = open.loaded.ignored_keys;
  return j;
}

std::string shown(const ordered_json& value) {
  if (value.is_string()) return value.get<std::string>().empty() ? "-" : value.get<std::string>();
  if (value.is_null()) return "none";
  if (value.is_array()) {
    std::vector<std::string> parts;
    for (const ordered_json& item : value) parts.push_back(shown(item));
    return parts.empty() ? "-" : fmt::format("{}", fmt::join(parts, ", "));
  }
  if (!value.is_object()) return value.dump();
  std::vector<std::string> parts;
  for (const auto& [key, item] : value.items()) parts.push_back(key + " " + shown(item));
  return fmt::format("{}", fmt::join(parts, ", "));
}

void run_inspect(const InspectConfig& config, Session& session) {
  require_flag(config.directory, "the model directory");
  const bool present = has_head(config.directory);
  model::LoadOptions options;
  if (!present) options.new_head = heads::HeadConfig{.kind = "bt", .norm = "none", .tau = 1};
  Session silent = session;
  silent.log = silent_log();
  const OpenModel open = open_model(config.directory, options, {}, silent);
  const ordered_json j = summary(open, present);
  if (config.json == "-") {
    print_line(j.dump(2));
    return;
  }
  for (const auto& [key, value] : j.items()) print_line(fmt::format("{:<20} {}", key, shown(value)));
  if (!config.tensors) return;
  for (const nn::Parameter& p : open.model().parameters().all()) {
    print_line(fmt::format("  {:<56} [{}]", p.name, fmt::join(p.value.sizes(), ", ")));
  }
}

Runner setup(CLI::App& app) {
  auto config = std::make_shared<InspectConfig>();
  app.add_option("directory", config->directory, "model directory");
  app.add_option("--json", config->json, "- prints JSON instead of lines");
  app.add_flag("--tensors", config->tensors, "list the parameters with their shapes");
  return [config](Session& session) { run_inspect(*config, session); };
}

}  // namespace

constinit const VerbEntry inspect_entry{
    .name = "inspect",
    .summary = "print what a model directory is, and what will be ignored",
    .setup = &setup,
};

}  // namespace rondo::cli
