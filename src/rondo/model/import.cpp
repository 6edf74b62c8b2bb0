// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/import.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "rondo/base/error.h"
#include "rondo/base/parse_number.h"
#include "rondo/io/json.h"
#include "rondo/model/adapter_config.h"
#include "rondo/model/head_config.h"
#include "rondo/model/publish.h"
#include "rondo/model/reader.h"
#include "rondo/model/unreadable.h"

namespace rondo::model {
namespace {

using nlohmann::json;

// What published families of checkpoints have in common (docs/decisions/0009-published-checkpoints.md). A flag that is
// given wins.
struct Preset {
  const char* name;
  const char* head = "";
  const char* gate = "";  // where the file holds a prompt_head
  double tau = 0;         // 0 = the default of the head
  const char* bos = "";
  const char* eos = "";
  const char* pooling = "";
  const char* gate_reads = "";
  const char* system = "";
  const char* pairwise = "";
  int64_t max_length = 0;
};
constexpr Preset kPresets[] = {
    {.name = "gpm",
     .head = "gpm",
     .gate = "softmax",
     .tau = 0.1,
     .bos = "double",
     .eos = "force_last",
     .pooling = "sequence_end",
     .gate_reads = "first_message"},
    {.name = "openrlhf", .eos = "append", .pooling = "sequence_end"},
    {.name = "skywork", .system = "refuse", .max_length = 16384},
    {.name = "rlhflow_pair", .head = "pair_lm", .tau = 1, .bos = "none", .pairwise = "turn"},
};

constexpr int64_t kMostOutputs = 1 << 20;

std::vector<std::string> with_empty(std::vector<std::string> names) {
  names.insert(names.begin(), "");
  return names;
}

void fill(std::string& value, const char* from) {
  if (value.empty()) value = from;
}

void apply_preset(ImportConfig& c, bool has_gate) {
  for (const Preset& preset : kPresets) {
    if (c.preset != preset.name) continue;
    fill(c.head, preset.head);
    if (has_gate) fill(c.gate, preset.gate);
    fill(c.text.bos, preset.bos);
    fill(c.text.eos, preset.eos);
    fill(c.text.pooling, preset.pooling);
    fill(c.text.gate_reads, preset.gate_reads);
    fill(c.text.system, preset.system);
    fill(c.text.pairwise, preset.pairwise);
    if (c.tau == 0) c.tau = preset.tau;
    if (c.text.max_length == 0) c.text.max_length = preset.max_length;
  }
}

std::vector<double> chosen_outputs(const ImportConfig& c, const StoredHead& stored) {
  if (c.output >= 0 && !c.output_weights.empty())
    throw ConfigError("which outputs? give `output` K or `output_weights`, one of them");
  std::vector<double> weights;
  if (c.output >= 0) {
    if (c.output >= stored.outputs)
      throw ConfigError(fmt::format("`output` {}: the head has outputs 0 to {}", c.output, stored.outputs - 1));
    weights.assign(static_cast<size_t>(stored.outputs), 0);
    weights[static_cast<size_t>(c.output)] = 1;
    return weights;
  }
  std::istringstream parts(c.output_weights);
  for (std::string part; std::getline(parts, part, ',');) {
    const auto number = parse_number<double>(part);
    if (!number || !std::isfinite(*number))
      throw ConfigError(fmt::format("`output_weights`: '{}' is not a number; write them as 0.5,0,1", part));
    weights.push_back(*number);
  }
  if (weights.empty() && stored.outputs > 1)
    throw ConfigError(
        fmt::format("the head has {} outputs: {}.weight: give `output` K, or `output_weights` with {} "
                    "numbers",
                    stored.outputs, stored.name, stored.outputs));
  if (!weights.empty() && static_cast<int64_t>(weights.size()) != stored.outputs)
    throw ConfigError(
        fmt::format("`output_weights` has {} numbers, the head {} outputs", weights.size(), stored.outputs));
  return weights;
}

void read_reward_scale(const json& config, HeadImport& import) {
  const auto mean = config.find("mean"), std = config.find("std");
  if (mean == config.end() || std == config.end() || !mean->is_number() || !std->is_number() ||
      !(std->get<double>() > 0)) {
    throw ModelError(
        "no scale to normalise with: `normalize_rewards`: config.json needs the numbers mean and std, std "
        "above 0");
  }
  import.mean = *mean;
  import.std = *std;
}

void check_embedding_fields(const ImportConfig& c, const StoredHead& stored, const heads::HeadConfig& head) {
  if (c.norm.empty()) {
    throw ConfigError(
        "are embeddings divided by their length? `norm` unit or `norm` none: nothing in the files tells; published "
        "names with 'l2' mean unit, 'no_l2' none");
  }
  if (head.gate == "none" && stored.gate_planes > 0)
    throw ConfigError(
        "the files hold prompt_head.weight, a gate: give `gate` softmax (published checkpoints), or "
        "`gate` softmax_k `scaled_gate` (training code since 2024-11)");
  if (head.gate != "none" && stored.gate_planes == 0)
    throw ConfigError("`gate` " + head.gate + ": the files hold no prompt_head.weight; leave it out");
}

void refuse_field(bool given, const char* field, const std::string& kind) {
  if (given) throw ConfigError(fmt::format("{} does not belong to a {} head; leave it out", field, kind));
}

HeadImport head_import(const ImportConfig& c, const json& config, const StoredHead& stored, int64_t hidden) {
  HeadImport import;
  heads::HeadConfig& head = import.head;
  head.kind = c.head.empty() ? "bt" : c.head;
  const bool embeds = heads::head_by_name(head.kind).embeds, scalar = heads::head_by_name(head.kind).scalar();
  refuse_field(!embeds && !c.norm.empty(), "`norm`", head.kind);
  refuse_field(!embeds && !c.gate.empty(), "`gate`", head.kind);
  refuse_field(!scalar && (c.output >= 0 || !c.output_weights.empty()), "`output`", head.kind);
  refuse_field(!scalar && c.normalize_rewards, "`normalize_rewards`", head.kind);
  refuse_field(!head.clips_rewards() && c.reward_clip > 0, "`reward_clip`", head.kind);
  head.norm = embeds ? c.norm : "none";
  if (scalar) {
    import.outputs = chosen_outputs(c, stored);
    if (c.normalize_rewards) read_reward_scale(config, import);
  } else if (embeds) {
    head.gate = c.gate.empty() ? "none" : c.gate;
    check_embedding_fields(c, stored, head);
    if (c.reward_clip > 0) head.reward_clip = c.reward_clip;
    if (c.scaled_gate) import.gate_scale = 1 / std::sqrt(static_cast<double>(hidden));
  }
  if (heads::head_by_name(head.kind).readings > 1)
    head.outputs = backbones::ConfigReader(config, c.from + "/config.json").integer_or("n_tasks", 1, 1, kMostOutputs);
  head.tau = c.tau > 0 ? c.tau : heads::default_tau(head.kind, head.norm);
  return import;
}

// k from the rows of value_head.weight, which are 2k.
int64_t planes_of(const io::SafetensorsReader& reader, const std::string& place) {
  const io::TensorView* view = reader.find("value_head.weight");
  if (view == nullptr || view->shape.size() != 2 || view->shape[0] % 2 != 0 || view->shape[0] == 0) {
    throw ModelError("no embedding head: " + place + ": " +
                     (view == nullptr ? "there is no value_head.weight"
                                      : fmt::format("value_head.weight has shape [{}], and an even number of rows is "
                                                    "needed",
                                                    fmt::join(view->shape, ", "))));
  }
  return view->shape[0] / 2;
}

LoadOptions load_options(ImportConfig& c, const json& config, const backbones::FamilyEntry& family) {
  const io::SafetensorsReader reader(c.from);
  const StoredHead stored = find_stored_head(reader, family);
  apply_preset(c, stored.gate_planes > 0);
  if (c.head.empty() && rondo_object(config, c.from).contains("head")) return {};
  // A pairwise class says which head it has, and the caller what else is to be recorded.
  const heads::HeadEntry* named = heads::find_head(head_of_class(config));
  if (c.head.empty() && named != nullptr && named->pairwise) c.head = named->name;
  if (c.head.empty() && stored.name == "value_head" && stored.outputs > 1)
    throw ConfigError("which head? " + c.from + ": value_head.weight has " + std::to_string(stored.outputs) +
                      " rows: `head` gpm where they are an embedding, `head` bt where they are outputs");
  if (c.head.empty() && stored.name.empty())
    throw ModelError("no head to import: " + c.from + ": no tensor has the name of one; a base model is used as it is");
  backbones::ConfigReader sizes(config, c.from + "/config.json");
  HeadImport import = head_import(c, config, stored, family.sizes(sizes).hidden);
  const bool embeds = heads::head_by_name(import.head.kind).embeds;
  if (embeds) import.head.planes = planes_of(reader, c.from);
  return {.with_lm_head = embeds && holds_lm_head(c.from, family), .import = std::move(import)};
}

// config.json of the copy: values that were taken in must not be applied a second time.
json imported_config(const Reader& source, const ImportConfig& c) {
  json config = source.model().config();
  if (c.normalize_rewards) {
    config.erase("mean");
    config.erase("std");
  }
  const bool is_own_class =
      !head_of_class(config).empty() && heads::head_by_name(source.model().head_config().kind).pairwise;
  if (!is_own_class && backbones::find_family(architecture_of(config, c.from)) == nullptr)
    config["architectures"] = {class_name(source.model().family(), config, kLanguageModelClass)};
  return config;
}

json rondo_object(const Reader& source, const LoadOptions& options) {
  json rondo = source.rondo();
  rondo.update(source.rondo_object());
  json facts = {{"architectures", source.model().config().value("architectures", json::array())}};
  if (options.import) {
    if (!options.import->outputs.empty()) facts["outputs"] = options.import->outputs;
    if (options.import->std != 1 || options.import->mean != 0)
      facts["rewards"] = {{"mean", options.import->mean}, {"std", options.import->std}};
    if (options.import->gate_scale != 1) facts["gate_scale"] = options.import->gate_scale;
  }
  rondo["imported"] = std::move(facts);
  return rondo;
}

}  // namespace

void describe(FieldVisitor& v, ImportConfig& c) {
  std::vector<std::string> presets;
  for (const Preset& preset : kPresets) presets.emplace_back(preset.name);
  v.text("from", c.from, "directory of the published checkpoint");
  v.text("out", c.out, "directory to write");
  v.choice("preset", c.preset, "values of a published family, which other flags override", with_empty(presets));
  v.choice("head", c.head, "which head the checkpoint has; empty = as its config.json says",
           with_empty(heads::head_names()));
  v.choice("norm", c.norm, "gpm, hrc: embeddings divided by their length, or not; nothing in the files tells",
           with_empty(heads::kNormNames));
  v.choice("gate", c.gate, "gpm, hrc: the prompt gate, where the files hold a prompt_head",
           with_empty(heads::kGateNames));
  v.boolean("scaled_gate", c.scaled_gate, "the gate's logits were divided by sqrt(hidden size) in training");
  v.number("tau", c.tau, "temperature of probabilities; 0 = that of the preset, or the default of the head", 0, 1e6);
  v.number("reward_clip", c.reward_clip, "hrc: rewards are clipped to +- this; 0 = the default", 0, 1e6);
  v.integer("output", c.output, "bt: which of several outputs is the reward, counted from 0", -1, kMostOutputs);
  v.text("output_weights", c.output_weights, "bt: the reward as a sum of all outputs with these weights, 0.5,0,1");
  v.boolean("normalize_rewards", c.normalize_rewards, "bt: apply mean and std of config.json (OpenRLHF), for good");
  describe_recorded(v, c.text);
}

ImportResult import_model(const ImportConfig& given, const std::string& base) {
  ImportConfig c = given;
  require_field(c.from, "from");
  require_field(c.out, "out");
  refuse_existing(c.out);
  if (find_files(c.from, base).is_adapter)
    throw ModelError("an adapter is not imported: " + c.from + ": merge it with PEFT and import the whole model");
  const json config = io::read_json_file(std::filesystem::path(c.from) / "config.json", ErrorKind::kModel);
  refuse_unreadable(find_files(c.from, base), config, true);
  const LoadOptions options = load_options(c, config, family_of(config, c.from));
  const Reader source(c.from, {.load = options, .text = c.text, .default_clock = text::local_clock()});
  const Model imported(source.model().family(), imported_config(source, c), source.model().head_config(),
                       source.model().parameters());
  publish_model(imported, rondo_object(source, options), c.out, source.files().tokenizer.string());
  return {.head = write_head_config(imported.head_config()).dump(),
          .text = write_text_policy(source.encoder()).dump(),
          .notes = source.notes()};
}

}  // namespace rondo::model
