// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/export_directory.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "rondo/base/device.h"
#include "rondo/base/error.h"
#include "rondo/base/parse_number.h"
#include "rondo/model/adapter.h"
#include "rondo/model/adapter_config.h"
#include "rondo/model/export.h"
#include "rondo/model/head_config.h"
#include "rondo/model/publish.h"
#include "rondo/model/reader.h"

namespace rondo::model {
namespace {

using nlohmann::json;

const std::vector<std::string> kFormats = {"", "transformers", "published"};

int64_t byte_count(const std::string& text) {
  constexpr std::pair<const char*, int64_t> kUnits[] = {{"KB", 1000}, {"MB", 1000000}, {"GB", 1000000000}};
  for (const auto& [unit, bytes] : kUnits) {
    if (!text.ends_with(unit)) continue;
    const auto number = parse_number<int64_t>(std::string_view(text).substr(0, text.size() - 2));
    constexpr int64_t kMost = 1000000;
    if (number && *number > 0 && *number <= kMost) return *number * bytes;
  }
  throw ConfigError("`max_shard_size`: '" + text + "' is not understood; write a number and KB, MB or GB: 500MB");
}

SaveOptions save_options(const ExportConfig& c) {
  return {.dtype = float_type(c.dtype), .max_shard_bytes = byte_count(c.max_shard_size)};
}

// transformers' decoders read the last token that is not padding, its encoders the first state.
void check_pooling(const Reader& source) {
  const std::string& pooling = source.encoder().policy().pooling;
  const bool is_encoder = source.model().family().is_encoder;
  const bool by_key = !source.model().family().classifier.pooling_key.empty() && pooling == "mean";
  const bool is_usual = is_encoder ? pooling == "first" : pooling == "sequence_end" || pooling == text::kBeforePadding;
  if (is_usual || by_key) return;
  throw ModelError(
      fmt::format("transformers reads another state: {}: this model reads '{}', its class the {}; use "
                  "`format` published",
                  source.directory(), pooling, is_encoder ? "first" : "last of the sequence"));
}

// A token for padding, not `end` where there is another.
std::optional<int32_t> padding_token(const Reader& source, std::optional<int32_t> end) {
  const text::Tokenizer& tokenizer = source.encoder().tokenizer();
  const text::SpecialTokens tokens = text::read_special_tokens(source.files().tokenizer.string());
  const auto id_of = [&](const std::string& token) {
    return token.empty() ? std::optional<int32_t>() : tokenizer.token_id(token);
  };
  const std::optional<int32_t> candidates[] = {id_of(tokens.get("pad_token")),
                                               id_of("<pad>"),
                                               id_of("[PAD]"),
                                               source.encoder().bos_id(),
                                               source.encoder().eos_id(),
                                               id_of(tokens.get("unk_token"))};
  for (const std::optional<int32_t>& id : candidates) {
    if (id && id != end && *id < source.policy().embedding_rows) return id;
  }
  return end;
}

// The id that transformers takes for padding: it decides there where a decoder is read. What skips padding keeps its
// own; what reads the last token needs one that no text ends with. Returns the token's text for the tokenizer's files.
std::string settle_padding(const Reader& source, json& config, Notes& notes) {
  const text::Tokenizer& tokenizer = source.encoder().tokenizer();
  const std::optional<int32_t> named = source.policy().pad_id;
  if (source.model().family().is_encoder) {
    const json id = config.value("pad_token_id", json());
    return id.is_number_integer() ? tokenizer.token(id.get<int32_t>()) : "";
  }
  const bool is_read = source.model().head_config().kind != kNoHead;
  const std::optional<int32_t> end = is_read ? usual_end(source.encoder()) : std::nullopt;
  const bool is_fixed = source.policy().pooling == text::kBeforePadding;
  const bool fits = named && !tokenizer.token(*named).empty() && named != end;
  const std::optional<int32_t> pad = is_fixed || fits ? named : padding_token(source, end);
  if (!pad) return "";
  if (pad != named) {
    const std::string was =
        !named         ? "config.json had no pad_token_id, without which transformers scores one text at a time"
        : named == end ? fmt::format("pad_token_id was {}, which ends a text", *named)
                       : fmt::format("pad_token_id was {}, which is no token", *named);
    notes.push_back({LogLevel::kWarning, fmt::format("{}: {} ({}) was written", was, *pad, tokenizer.token(*pad))});
  }
  config["pad_token_id"] = *pad;
  if (!is_fixed && pad == end) {
    notes.push_back(
        {LogLevel::kWarning,
         fmt::format("pad_token_id is {}, which also ends a text: transformers then reads the token in front of "
                     "it, and its rewards differ from ours; give the model a pad token of its own",
                     *pad)});
  }
  return tokenizer.token(*pad);
}

// A constant that decoders' classes have no place for.
heads::HeadConfig without_bias(const Model& model, nn::ParameterSet& parameters, Notes& notes) {
  heads::HeadConfig head = model.head_config();
  const bool is_decoder = model.family().classifier.build == nullptr;
  parameters.set_lora(model.parameters().lora());
  for (const nn::Parameter& p : model.parameters().all()) {
    if (!(is_decoder && p.name == "score.bias")) parameters.add(p.name, p.value);
  }
  if (!is_decoder || !head.bias) return head;
  notes.push_back(
      {LogLevel::kWarning,
       fmt::format("transformers' class has no bias: its rewards are ours minus {:.6g}; no comparison changes",
                   model.parameters().get("score.bias").item<double>())});
  head.bias = false;
  return head;
}

Model for_transformers(const Reader& source, const Model& model, std::string& pad_token, Notes& notes) {
  json config = model.config();
  if (!config.contains("model_type")) config["model_type"] = std::string(source.model().family().model_type);
  pad_token = settle_padding(source, config, notes);
  nn::ParameterSet parameters;
  const heads::HeadConfig head = without_bias(model, parameters, notes);
  Model changed(source.model().family(), std::move(config), head, std::move(parameters));
  if (head.kind == kNoHead) return changed;
  check_pooling(source);
  return as_classifier(changed);
}

}  // namespace

void describe(FieldVisitor& v, ExportConfig& c) {
  v.text("model", c.model, "model directory");
  v.text("out", c.out, "directory to write");
  v.choice("format", c.format, "for whom; empty = transformers for bt heads and policies, published for others",
           kFormats);
  v.choice("dtype", c.dtype, "type of the backbone's weights; empty = as stored", float_type_names());
  v.boolean("merge", c.merge, "fold the adapters into the weights of their base: a whole model");
  v.text("max_shard_size", c.max_shard_size, "larger weights become several files with an index: 500MB, 5GB");
}

ExportResult export_model(const ExportConfig& c, const std::string& base) {
  require_field(c.model, "model");
  require_field(c.out, "out");
  refuse_existing(c.out);
  SaveOptions options = save_options(c);
  const ModelFiles files = find_files(c.model, base);
  if (c.merge && !files.is_adapter)
    throw ConfigError("nothing to merge: " + c.model + " is no adapter; leave `merge` out");
  const json config = read_model_config(files);
  const backbones::FamilyEntry& family = family_of(config, c.model);
  const bool is_policy = !announces_head(config, c.model) && !family.lm_head.empty();
  const bool has_class = is_policy || heads::head_by_name(announced_head(config, c.model).kind).scalar();
  const bool with_lm_head = !has_class && holds_lm_head(files.weights.string(), family);
  const Reader source(c.model,
                      {.load = {.with_lm_head = with_lm_head, .as_policy = is_policy, .base = base}, .text = {}});
  ExportResult result{.for_transformers = c.format.empty() ? has_class : c.format == "transformers",
                      .text = write_text_policy(source.encoder()).dump(),
                      .notes = source.notes()};
  std::optional<Model> whole;
  if (c.merge) whole.emplace(merged(source.model()));
  const Model& chosen = whole ? *whole : source.model();
  json rondo = source.rondo();
  rondo.update(source.rondo_object());
  const auto publish = [&](const Model& model) {
    publish_model(model, rondo, c.out, source.files().tokenizer.string(), {.save = options, .base = base});
    result.is_adapter = model.parameters().lora() != nullptr;
    result.parameters = model.parameters().element_count();
  };
  if (result.for_transformers) {
    const Model changed = for_transformers(source, chosen, options.pad_token, result.notes);
    publish(changed);
  } else {
    publish(chosen);
  }
  return result;
}

}  // namespace rondo::model
