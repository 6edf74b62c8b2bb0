// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/inspect.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/model/adapter_config.h"
#include "rondo/model/head_config.h"

namespace rondo::model {
namespace {

using nlohmann::ordered_json;

ordered_json head_json(const Reader& source, bool present) {
  if (!present) return nullptr;
  return ordered_json::parse(write_head_config(source.model().head_config()).dump());
}

// What the template makes of a system turn: told by a word that is looked for afterwards.
std::string system_turn(const Reader& source) {
  const text::TextPolicy& policy = source.encoder().policy();
  if (policy.system == "refuse") return "refused: the model was trained without";
  if (!source.encoder().uses_template()) return "none: there is no chat template";
  constexpr const char* kProbe = "SystemProbe";
  const Message system{.role = "system", .content = kProbe, .extra_json = ""};
  const Message user{.role = "user", .content = "U", .extra_json = ""};
  try {
    const std::string text = source.encoder().render_prompt({.is_plain = false, .messages = {system, user}});
    return text.find(kProbe) == std::string::npos ? "left out by the template" : "rendered as given";
  } catch (const DataError&) {
    return "refused by the template";
  }
}

std::string token_rule(const Reader& source, const std::string& rule, std::optional<int32_t> id) {
  return rule + (id ? " (" + source.encoder().tokenizer().token(*id) + ")" : " (the tokenizer has none)");
}

std::string what_is_read(const Reader& source) {
  const text::TextPolicy& policy = source.encoder().policy();
  if (policy.pairwise == "marks") return "a prompt and two responses behind PairRM's marks, in both orders";
  if (policy.pairwise == "turn") return "a prompt and two responses in one turn, in both orders";
  if (policy.pairwise == "answer")
    return "a prompt and two responses in one turn, in both orders, and how it is answered";
  if (source.encoder().uses_template()) return "conversations, by the chat template";
  if (policy.use_pair) return "prompt and response as the tokenizer's two texts";
  return "prompt and response as they stand, one behind the other";
}

// What a caller has to keep to, and what is done to a text: the length limit, system turns, BOS, EOS, what is read.
ordered_json contract(const Reader& source) {
  const text::TextPolicy& policy = source.encoder().policy();
  ordered_json j;
  j["tokens_at_most"] = source.max_length();
  j["reads"] = what_is_read(source);
  j["system_turn"] = system_turn(source);
  j["bos"] = token_rule(source, policy.bos, source.encoder().bos_id());
  j["eos"] = token_rule(source, policy.eos, source.encoder().eos_id());
  j["score_read_at"] = policy.pooling;
  if (source.model().needs_gate()) j["gate_read_at"] = policy.gate;
  if (source.encoder().uses_template() && policy.pairwise == "none") {
    const Message answer{.role = "assistant", .content = "R", .extra_json = ""};
    j["example"] = source.encoder().explain({.text = "U"}, answer).text;
  }
  return j;
}

// OpenRLHF writes the scale of its rewards beside the weights.
ordered_json reward_scale(const Reader& source) {
  const nlohmann::json& config = source.model().config();
  return {{"mean", config.at("mean").dump()},
          {"std", config.at("std").dump()},
          {"applied", "no; `rondo import --normalize-rewards` does"}};
}

ordered_json adapter_json(const Model& model) {
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

}  // namespace

Reader open_to_inspect(const std::string& directory, const std::string& base, bool& has_head) {
  has_head = announces_head(read_model_config(find_files(directory, base)), directory);
  LoadOptions options{.base = base};
  // A placeholder lets the rest be read, and is not reported.
  if (!has_head) options.new_head = heads::HeadConfig{.kind = "bt", .norm = "none", .tau = 1};
  return Reader(directory, {.load = options, .text = {}});
}

ordered_json inspect(const Reader& source, bool has_head) {
  const backbones::Backbone& backbone = source.model().backbone();
  const nn::Sizes& s = backbone.sizes();
  ordered_json j;
  j["family"] = std::string(source.model().family().name);
  j["layers"] = s.layers;
  j["hidden"] = s.hidden;
  j["heads"] = s.heads;
  j["kv_heads"] = s.kv_heads;
  j["vocabulary"] = s.vocab;
  j["parameters"] = source.model().parameters().element_count();
  const auto& lora = source.model().parameters().lora();
  if (lora) j["adapter"] = adapter_json(source.model());
  j["dtype"] = std::string(c10::toString(source.model().parameters().all().front().value.scalar_type()));
  j["max_length"] = source.max_length();
  j["head"] = head_json(source, has_head);
  j["text"] = ordered_json::parse(write_text_policy(source.encoder()).dump());
  j["bos_token"] = source.encoder().bos_id()
                       ? ordered_json(source.encoder().tokenizer().token(*source.encoder().bos_id()))
                       : ordered_json(nullptr);
  j["eos_token"] = source.encoder().eos_id()
                       ? ordered_json(source.encoder().tokenizer().token(*source.encoder().eos_id()))
                       : ordered_json(nullptr);
  std::string note;
  static_cast<void>(text::load_tokenizer_as_transformers(source.files().tokenizer.string(), &note));
  j["tokenizer"] = note.empty() ? "as tokenizer.json says" : note;
  j["template_hash"] = source.encoder().template_hash();
  j["contract"] = contract(source);
  const nlohmann::json& config = source.model().config();
  if (config.contains("mean") && config.contains("std")) j["reward_scale"] = reward_scale(source);
  if (!has_head) {
    const std::string weights = lora ? lora->config.base : source.directory();
    const StoredHead stored = find_stored_head(io::SafetensorsReader(weights), source.model().family());
    if (!stored.name.empty()) j["unannounced_head"] = import_command(stored, source.directory());
  }
  if (has_head) j["weights_hash"] = weights_hash(source.model());
  j["ignored_tensors"] = source.ignored_tensors();
  j["ignored_config_keys"] = source.ignored_keys();
  return j;
}

}  // namespace rondo::model
