// SPDX-License-Identifier: Apache-2.0
// rondo inspect: what a model directory is, and what of it will be ignored.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "apps/rondo/cli.h"
#include "apps/rondo/open.h"
#include "rondo/base/error.h"
#include "rondo/model/adapter_config.h"
#include "rondo/model/head_config.h"

namespace rondo::cli {
namespace {

using nlohmann::ordered_json;

struct InspectConfig {
  std::string directory;
  std::string json;
  bool tensors = false;
};

ordered_json head_json(const OpenModel& open, bool present) {
  if (!present) return nullptr;
  return ordered_json::parse(model::write_head_config(open.model().head_config()).dump());
}

// What the template makes of a system turn: told by a word that is looked for afterwards.
std::string system_turn(const OpenModel& open) {
  const text::TextPolicy& policy = open.encoder->policy();
  if (policy.system == "refuse") return "refused: the model was trained without";
  if (!open.encoder->uses_template()) return "none: there is no chat template";
  constexpr const char* kProbe = "SystemProbe";
  const Message system{.role = "system", .content = kProbe, .extra_json = ""};
  const Message user{.role = "user", .content = "U", .extra_json = ""};
  try {
    const std::string text = open.encoder->render_prompt({.is_plain = false, .messages = {system, user}});
    return text.find(kProbe) == std::string::npos ? "left out by the template" : "rendered as given";
  } catch (const DataError&) {
    return "refused by the template";
  }
}

std::string token_rule(const OpenModel& open, const std::string& rule, std::optional<int32_t> id) {
  return rule + (id ? " (" + open.encoder->tokenizer().token(*id) + ")" : " (the tokenizer has none)");
}

std::string what_is_read(const OpenModel& open) {
  const text::TextPolicy& policy = open.encoder->policy();
  if (policy.pairwise == "marks") return "a prompt and two responses behind PairRM's marks, in both orders";
  if (policy.pairwise == "turn") return "a prompt and two responses in one turn, in both orders";
  if (policy.pairwise == "answer")
    return "a prompt and two responses in one turn, in both orders, and how it is answered";
  if (open.encoder->uses_template()) return "conversations, by the chat template";
  if (policy.use_pair) return "prompt and response as the tokenizer's two texts";
  return "prompt and response as they stand, one behind the other";
}

// What a caller has to keep to, and what is done to a text: the length limit, system turns, BOS, EOS, what is read.
ordered_json contract(const OpenModel& open) {
  const text::TextPolicy& policy = open.encoder->policy();
  ordered_json j;
  j["tokens_at_most"] = open.max_length();
  j["reads"] = what_is_read(open);
  j["system_turn"] = system_turn(open);
  j["bos"] = token_rule(open, policy.bos, open.encoder->bos_id());
  j["eos"] = token_rule(open, policy.eos, open.encoder->eos_id());
  j["score_read_at"] = policy.pooling;
  if (open.model().needs_gate()) j["gate_read_at"] = policy.gate;
  if (open.encoder->uses_template() && policy.pairwise == "none") {
    const Message answer{.role = "assistant", .content = "R", .extra_json = ""};
    j["example"] = open.encoder->explain({.text = "U"}, answer).text;
  }
  return j;
}

// OpenRLHF writes the scale of its rewards beside the weights.
ordered_json reward_scale(const OpenModel& open) {
  const nlohmann::json& config = open.model().config();
  return {{"mean", config.at("mean").dump()},
          {"std", config.at("std").dump()},
          {"applied", "no; `rondo import --normalize-rewards` does"}};
}

ordered_json adapter_json(const model::Model& model) {
  ordered_json j;
  const nn::ParameterSet& parameters = model.parameters();
  const nn::LoraConfig& lora = parameters.lora()->config;
  int64_t matrices = 0, elements = 0;
  for (const nn::Parameter& p : parameters.all()) {
    if (!nn::is_lora(p.name)) continue;
    matrices += p.name.ends_with(nn::kLoraA) ? 1 : 0;
    elements += p.value.numel();
  }
  j["base"] = lora.base;
  j["rank"] = lora.rank;
  j["alpha"] = lora.alpha;
  j["scale"] = lora.scale();
  j["dropout"] = lora.dropout;
  j["targets"] = lora.targets.empty() ? ordered_json(lora.pattern) : ordered_json(lora.targets);
  if (lora.targets.empty() && lora.pattern.empty()) j["targets"] = "all-linear";
  j["matrices"] = matrices;
  j["parameters"] = elements;
  j["share"] = fmt::format("{:.4g}", static_cast<double>(elements) / static_cast<double>(parameters.element_count()));
  return j;
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
  const auto& lora = open.model().parameters().lora();
  if (lora) j["adapter"] = adapter_json(open.model());
  j["dtype"] = std::string(c10::toString(open.model().parameters().all().front().value.scalar_type()));
  j["max_length"] = open.max_length();
  j["head"] = head_json(open, present);
  j["text"] = ordered_json::parse(open.text_json().dump());
  j["bos_token"] = open.encoder->bos_id() ? ordered_json(open.encoder->tokenizer().token(*open.encoder->bos_id()))
                                          : ordered_json(nullptr);
  j["eos_token"] = open.encoder->eos_id() ? ordered_json(open.encoder->tokenizer().token(*open.encoder->eos_id()))
                                          : ordered_json(nullptr);
  std::string note;
  static_cast<void>(text::load_tokenizer_as_transformers(open.tokenizer, &note));
  j["tokenizer"] = note.empty() ? "as tokenizer.json says" : note;
  j["template_hash"] = open.encoder->template_hash();
  j["contract"] = contract(open);
  const nlohmann::json& config = open.model().config();
  if (config.contains("mean") && config.contains("std")) j["reward_scale"] = reward_scale(open);
  if (!present) {
    const std::string weights = lora ? lora->config.base : open.directory;
    const model::StoredHead stored = model::find_stored_head(io::SafetensorsReader(weights), open.model().family());
    if (!stored.name.empty()) j["unannounced_head"] = model::import_command(stored, open.directory);
  }
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
  const model::ModelFiles files = model::find_files(config.directory, session.base);
  const nlohmann::json published = model::read_model_config(files);
  // A base model has no head: a placeholder lets the rest be read, and is not reported.
  const bool present = model::announces_head(published, config.directory);
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
  for (const auto& [key, value] : j.items()) {
    if (key != "contract") print_line(fmt::format("{:<20} {}", key, shown(value)));
  }
  print_line("contract");
  for (const auto& [key, value] : j["contract"].items()) {
    print_line(fmt::format("  {:<18} {}", key, key == "example" ? value.dump() : shown(value)));
  }
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
