// SPDX-License-Identifier: Apache-2.0
// rondo import: a published checkpoint as a directory that says of itself what its authors' config does not: which head
// it has, how embeddings are normalised, what the gate is, tau, BOS and EOS. Asked once, recorded in config.json.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <sstream>

#include "apps/rondo/open.h"
#include "apps/rondo/publish.h"
#include "rondo/base/error.h"
#include "rondo/base/parse_number.h"
#include "rondo/io/json.h"
#include "rondo/model/adapter_config.h"
#include "rondo/model/head_config.h"

namespace rondo::cli {
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
     .gate_reads = "first_message"},
    {.name = "openrlhf", .eos = "append"},
    {.name = "skywork", .system = "refuse", .max_length = 16384},
    {.name = "rlhflow_pair", .head = "pair_lm", .tau = 1, .bos = "none", .pairwise = "turn"},
};

constexpr int64_t kMostOutputs = 1 << 20;

struct ImportConfig {
  std::string from;
  std::string out;
  std::string preset;
  std::string head;
  std::string norm;
  std::string gate;
  bool scaled_gate = false;
  double tau = 0;
  double reward_clip = 0;
  int64_t output = -1;
  std::string output_weights;
  bool normalize_rewards = false;
  TextFlags text;
};

std::vector<std::string> with_empty(std::vector<std::string> names) {
  names.insert(names.begin(), "");
  return names;
}

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
  describe_policy(v, c.text);
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
    fill(c.text.gate_reads, preset.gate_reads);
    fill(c.text.system, preset.system);
    fill(c.text.pairwise, preset.pairwise);
    if (c.tau == 0) c.tau = preset.tau;
    if (c.text.max_length == 0) c.text.max_length = preset.max_length;
  }
}

std::vector<double> chosen_outputs(const ImportConfig& c, const model::StoredHead& stored) {
  if (c.output >= 0 && !c.output_weights.empty())
    throw ConfigError("which outputs? give --output K or --output-weights, one of them");
  std::vector<double> weights;
  if (c.output >= 0) {
    if (c.output >= stored.outputs)
      throw ConfigError(fmt::format("--output {}: the head has outputs 0 to {}", c.output, stored.outputs - 1));
    weights.assign(static_cast<size_t>(stored.outputs), 0);
    weights[static_cast<size_t>(c.output)] = 1;
    return weights;
  }
  std::istringstream parts(c.output_weights);
  for (std::string part; std::getline(parts, part, ',');) {
    const auto number = parse_number<double>(part);
    if (!number || !std::isfinite(*number))
      throw ConfigError(fmt::format("--output-weights: '{}' is not a number; write them as 0.5,0,1", part));
    weights.push_back(*number);
  }
  if (weights.empty() && stored.outputs > 1)
    throw ConfigError(
        fmt::format("the head has {} outputs: {}.weight: give --output K, or --output-weights with {} "
                    "numbers",
                    stored.outputs, stored.name, stored.outputs));
  if (!weights.empty() && static_cast<int64_t>(weights.size()) != stored.outputs)
    throw ConfigError(
        fmt::format("--output-weights has {} numbers, the head {} outputs", weights.size(), stored.outputs));
  return weights;
}

void read_reward_scale(const json& config, model::HeadImport& import) {
  const auto mean = config.find("mean"), std = config.find("std");
  if (mean == config.end() || std == config.end() || !mean->is_number() || !std->is_number() ||
      !(std->get<double>() > 0)) {
    throw ModelError(
        "no scale to normalise with: --normalize-rewards: config.json needs the numbers mean and std, std "
        "above 0");
  }
  import.mean = *mean;
  import.std = *std;
}

void check_embedding_flags(const ImportConfig& c, const model::StoredHead& stored, const heads::HeadConfig& head) {
  if (c.norm.empty()) {
    throw ConfigError(
        "are embeddings divided by their length? --norm unit or --norm none: nothing in the files tells; published "
        "names with 'l2' mean unit, 'no_l2' none");
  }
  if (head.gate == "none" && stored.gate_planes > 0)
    throw ConfigError(
        "the files hold prompt_head.weight, a gate: give --gate softmax (published checkpoints), or "
        "--gate softmax_k --scaled-gate (training code since 2024-11)");
  if (head.gate != "none" && stored.gate_planes == 0)
    throw ConfigError("--gate " + head.gate + ": the files hold no prompt_head.weight; leave the flag out");
}

void refuse_flag(bool given, const char* flag, const std::string& kind) {
  if (given) throw ConfigError(fmt::format("{} does not belong to a {} head; leave it out", flag, kind));
}

model::HeadImport head_import(const ImportConfig& c, const json& config, const model::StoredHead& stored,
                              int64_t hidden) {
  model::HeadImport import;
  heads::HeadConfig& head = import.head;
  head.kind = c.head.empty() ? "bt" : c.head;
  const bool embeds = heads::head_by_name(head.kind).embeds, scalar = heads::head_by_name(head.kind).scalar();
  refuse_flag(!embeds && !c.norm.empty(), "--norm", head.kind);
  refuse_flag(!embeds && !c.gate.empty(), "--gate", head.kind);
  refuse_flag(!scalar && (c.output >= 0 || !c.output_weights.empty()), "--output", head.kind);
  refuse_flag(!scalar && c.normalize_rewards, "--normalize-rewards", head.kind);
  refuse_flag(!head.clips_rewards() && c.reward_clip > 0, "--reward-clip", head.kind);
  head.norm = embeds ? c.norm : "none";
  if (scalar) {
    import.outputs = chosen_outputs(c, stored);
    if (c.normalize_rewards) read_reward_scale(config, import);
  } else if (embeds) {
    head.gate = c.gate.empty() ? "none" : c.gate;
    check_embedding_flags(c, stored, head);
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

model::LoadOptions load_options(ImportConfig& c, const json& config, const backbones::FamilyEntry& family) {
  const io::SafetensorsReader reader(c.from);
  const model::StoredHead stored = model::find_stored_head(reader, family);
  apply_preset(c, stored.gate_planes > 0);
  if (c.head.empty() && model::rondo_object(config, c.from).contains("head")) return {};
  // A pairwise class says which head it has, and this verb what else is to be recorded.
  const heads::HeadEntry* named = heads::find_head(model::head_of_class(config));
  if (c.head.empty() && named != nullptr && named->pairwise) c.head = named->name;
  if (c.head.empty() && stored.name == "value_head" && stored.outputs > 1)
    throw ConfigError("which head? " + c.from + ": value_head.weight has " + std::to_string(stored.outputs) +
                      " rows: --head gpm where they are an embedding, --head bt where they are outputs");
  if (c.head.empty() && stored.name.empty())
    throw ModelError("no head to import: " + c.from + ": no tensor has the name of one; a base model is used as it is");
  backbones::ConfigReader sizes(config, c.from + "/config.json");
  model::HeadImport import = head_import(c, config, stored, family.sizes(sizes).hidden);
  const bool embeds = heads::head_by_name(import.head.kind).embeds;
  if (embeds) import.head.planes = planes_of(reader, c.from);
  return {.with_lm_head = embeds && holds_lm_head(c.from, family), .import = std::move(import)};
}

// config.json of the copy: values that were taken in must not be applied a second time.
json imported_config(const OpenModel& open, const ImportConfig& c) {
  json config = open.model().config();
  if (c.normalize_rewards) {
    config.erase("mean");
    config.erase("std");
  }
  const bool is_own_class =
      !model::head_of_class(config).empty() && heads::head_by_name(open.model().head_config().kind).pairwise;
  if (!is_own_class && backbones::find_family(model::architecture_of(config, c.from)) == nullptr)
    config["architectures"] = {model::class_name(open.model().family(), config, model::kLanguageModelClass)};
  return config;
}

json rondo_object(const OpenModel& open, const model::LoadOptions& options, const Session& session) {
  json rondo = open.loaded.rondo;
  rondo["version"] = session.version;
  rondo["text"] = open.text_json();
  rondo["template_hash"] = open.encoder->template_hash();
  json source = {{"architectures", open.model().config().value("architectures", json::array())}};
  if (options.import) {
    if (!options.import->outputs.empty()) source["outputs"] = options.import->outputs;
    if (options.import->std != 1 || options.import->mean != 0)
      source["rewards"] = {{"mean", options.import->mean}, {"std", options.import->std}};
    if (options.import->gate_scale != 1) source["gate_scale"] = options.import->gate_scale;
  }
  rondo["imported"] = std::move(source);
  return rondo;
}

void run_import(ImportConfig c, Session& session) {
  require_flag(c.from, "--from");
  require_flag(c.out, "--out");
  refuse_existing(c.out);
  if (model::find_files(c.from, session.base).is_adapter)
    throw ModelError("an adapter is not imported: " + c.from + ": merge it with PEFT and import the whole model");
  const json config = io::read_json_file(std::filesystem::path(c.from) / "config.json", ErrorKind::kModel);
  const model::LoadOptions options = load_options(c, config, model::family_of(config, c.from));
  const OpenModel open = open_model(c.from, options, c.text, session);
  const model::Model imported(open.model().family(), imported_config(open, c), open.model().head_config(),
                              open.model().parameters());
  publish_model(imported, rondo_object(open, options, session), c.out, open.tokenizer, {});
  print_line(fmt::format("{}: head {}, text {}", c.out, model::write_head_config(imported.head_config()).dump(),
                         open.text_json().dump()));
}

Runner setup(CLI::App& app) {
  auto config = std::make_shared<ImportConfig>();
  FlagBinder binder(app);
  describe(binder, *config);
  return [config](Session& session) { run_import(*config, session); };
}

}  // namespace

constinit const VerbEntry import_entry{
    .name = "import",
    .summary = "make a model directory of a published checkpoint, with what its config does not say",
    .setup = &setup,
};

}  // namespace rondo::cli
