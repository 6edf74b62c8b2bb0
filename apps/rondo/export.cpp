// SPDX-License-Identifier: Apache-2.0
// rondo export: a model as a directory for other programs. BT models and policies become what transformers' own classes
// load to the same numbers; cyclic heads, which no such class computes, keep the published tensor names and our config.
#include "rondo/model/export.h"

#include <fmt/format.h>

#include "apps/rondo/open.h"
#include "apps/rondo/publish.h"
#include "rondo/base/error.h"
#include "rondo/base/parse_number.h"
#include "rondo/io/json.h"
#include "rondo/model/adapter.h"
#include "rondo/model/adapter_config.h"
#include "rondo/model/head_config.h"

namespace rondo::cli {
namespace {

using nlohmann::json;

const std::vector<std::string> kFormats = {"", "transformers", "published"};

struct NamedType {
  const char* name;
  at::ScalarType type;
};
constexpr NamedType kTypes[] = {{"float32", at::kFloat}, {"bfloat16", at::kBFloat16}, {"float16", at::kHalf}};

struct ExportConfig {
  std::string model;
  std::string out;
  std::string format;
  std::string dtype;
  std::string max_shard_size = "5GB";
  bool merge = false;
};

void describe(FieldVisitor& v, ExportConfig& c) {
  std::vector<std::string> types = {""};
  for (const NamedType& row : kTypes) types.emplace_back(row.name);
  v.text("model", c.model, "model directory");
  v.text("out", c.out, "directory to write");
  v.choice("format", c.format, "for whom; empty = transformers for bt heads and policies, published for others",
           kFormats);
  v.choice("dtype", c.dtype, "type of the backbone's weights; empty = as stored", types);
  v.boolean("merge", c.merge, "fold the adapters into the weights of their base: a whole model");
  v.text("max_shard_size", c.max_shard_size, "larger weights become several files with an index: 500MB, 5GB");
}

int64_t byte_count(const std::string& text) {
  constexpr std::pair<const char*, int64_t> kUnits[] = {{"KB", 1000}, {"MB", 1000000}, {"GB", 1000000000}};
  for (const auto& [unit, bytes] : kUnits) {
    if (!text.ends_with(unit)) continue;
    const auto number = parse_number<int64_t>(std::string_view(text).substr(0, text.size() - 2));
    constexpr int64_t kMost = 1000000;
    if (number && *number > 0 && *number <= kMost) return *number * bytes;
  }
  throw ConfigError("--max-shard-size: '" + text + "' is not understood; write a number and KB, MB or GB: 500MB");
}

model::SaveOptions save_options(const ExportConfig& c) {
  model::SaveOptions options{.max_shard_bytes = byte_count(c.max_shard_size)};
  for (const NamedType& row : kTypes) {
    if (c.dtype == row.name) options.dtype = row.type;
  }
  return options;
}

// transformers' decoders read the last token that is not padding, its encoders the first state.
void check_pooling(const OpenModel& open) {
  const std::string& pooling = open.encoder->policy().pooling;
  const bool is_encoder = open.model().family().is_encoder;
  const bool by_key = !open.model().family().classifier.pooling_key.empty() && pooling == "mean";
  if (pooling == (is_encoder ? "first" : "sequence_end") || by_key) return;
  throw ModelError(
      fmt::format("transformers reads another state: {}: this model reads '{}', its class the {}; use "
                  "--format published",
                  open.directory, pooling, is_encoder ? "first" : "last of the sequence"));
}

// The id that transformers takes for padding: it decides there where a decoder is read.
void settle_padding(const OpenModel& open, json& config, Session& session) {
  if (open.model().family().is_encoder) return;
  const text::Tokenizer& tokenizer = open.encoder->tokenizer();
  const text::SpecialTokens tokens = text::read_special_tokens(open.tokenizer);
  if (!config.contains("pad_token_id") || config["pad_token_id"].is_null()) {
    std::optional<int32_t> pad;
    for (const std::string& name : {tokens.get("pad_token"), std::string("<pad>"), std::string("[PAD]")}) {
      if (!pad && !name.empty()) pad = tokenizer.token_id(name);
    }
    if (!pad) pad = open.encoder->bos_id() ? open.encoder->bos_id() : open.encoder->eos_id();
    if (!pad) return;
    config["pad_token_id"] = *pad;
    session.log(LogLevel::kWarning, fmt::format("config.json had no pad_token_id, without which transformers scores "
                                                "one text at a time: {} ({}) was written",
                                                *pad, tokenizer.token(*pad)));
  }
  const Prompt probe{.text = "a"};
  const std::vector<int32_t> ids = open.encoder->encode(probe, {.role = "assistant", .content = "b"}).ids;
  if (!ids.empty() && config["pad_token_id"] == ids.back()) {
    session.log(LogLevel::kWarning,
                fmt::format("pad_token_id is {}, which also ends a text: transformers then reads the token in front of "
                            "it, and its rewards differ from ours; give the model a pad token of its own",
                            ids.back()));
  }
}

// A constant that decoders' classes have no place for.
heads::HeadConfig without_bias(const model::Model& model, nn::ParameterSet& parameters, Session& session) {
  heads::HeadConfig head = model.head_config();
  const bool is_decoder = model.family().classifier.build == nullptr;
  parameters.set_lora(model.parameters().lora());
  for (const nn::Parameter& p : model.parameters().all()) {
    if (!(is_decoder && p.name == "score.bias")) parameters.add(p.name, p.value);
  }
  if (!is_decoder || !head.bias) return head;
  session.log(LogLevel::kWarning,
              fmt::format("transformers' class has no bias: its rewards are ours minus {:.6g}; no comparison changes",
                          model.parameters().get("score.bias").item<double>()));
  head.bias = false;
  return head;
}

model::Model for_transformers(const OpenModel& open, const model::Model& model, Session& session) {
  json config = model.config();
  if (!config.contains("model_type")) config["model_type"] = std::string(open.model().family().model_type);
  settle_padding(open, config, session);
  nn::ParameterSet parameters;
  const heads::HeadConfig head = without_bias(model, parameters, session);
  model::Model changed(open.model().family(), std::move(config), head, std::move(parameters));
  if (head.kind == model::kNoHead) return changed;
  check_pooling(open);
  return model::as_classifier(changed);
}

void run_export(const ExportConfig& c, Session& session) {
  require_flag(c.model, "--model");
  require_flag(c.out, "--out");
  refuse_existing(c.out);
  const model::SaveOptions options = save_options(c);
  const model::ModelFiles files = model::find_files(c.model, session.base);
  const json config = model::read_model_config(files);
  const backbones::FamilyEntry& family = model::family_of(config, c.model);
  const bool is_policy = !model::announces_head(config, c.model) && !family.lm_head.empty();
  const bool has_class = is_policy || heads::head_by_name(model::announced_head(config, c.model).kind).scalar();
  const bool with_lm_head = !has_class && holds_lm_head(files.weights.string(), family);
  const OpenModel open = open_model(c.model, {.with_lm_head = with_lm_head, .as_policy = is_policy}, {}, session);
  const bool transformers = c.format.empty() ? has_class : c.format == "transformers";
  json rondo = open.loaded.rondo;
  rondo["version"] = session.version;
  rondo["text"] = open.text_json();
  rondo["template_hash"] = open.encoder->template_hash();
  const auto publish = [&](const model::Model& model) {
    publish_model(model, rondo, c.out, open.tokenizer, options);
    print_line(fmt::format("{}: {}{}, {} parameters, {}", c.out, transformers ? "for transformers" : "published names",
                           model.parameters().lora() ? ", an adapter for PEFT" : "", model.parameters().element_count(),
                           open.text_json().dump()));
  };
  if (c.merge && !files.is_adapter)
    throw ConfigError("nothing to merge: " + c.model + " is no adapter; leave --merge out");
  std::optional<model::Model> whole;
  if (c.merge) whole.emplace(model::merged(open.model()));
  const model::Model& chosen = whole ? *whole : open.model();
  if (transformers) return publish(for_transformers(open, chosen, session));
  publish(chosen);
}

Runner setup(CLI::App& app) {
  auto config = std::make_shared<ExportConfig>();
  FlagBinder binder(app);
  describe(binder, *config);
  return [config](Session& session) { run_export(*config, session); };
}

}  // namespace

constinit const VerbEntry export_entry{
    .name = "export",
    .summary = "write a model for other programs: transformers' own classes, or published tensor names",
    .setup = &setup,
};

}  // namespace rondo::cli
