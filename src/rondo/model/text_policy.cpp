// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/text_policy.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "rondo/base/error.h"
#include "rondo/model/head_config.h"
#include "rondo/model/model.h"

namespace rondo::model {
namespace {

std::vector<std::string> with_empty(std::span<const char* const> names) {
  std::vector<std::string> list = {""};
  list.insert(list.end(), names.begin(), names.end());
  return list;
}

constexpr int64_t kLatestClock = int64_t{1} << 40;

// The token that transformers' classes of decoders take for padding, wherever it stands at the end of a text.
std::optional<int32_t> pad_id(const nlohmann::json& config, const backbones::FamilyEntry& family) {
  const auto found = config.find("pad_token_id");
  int64_t id = family.default_pad;
  if (found != config.end()) id = found->is_number_integer() ? found->get<int64_t>() : -1;
  if (id < 0 || id > std::numeric_limits<int32_t>::max()) return std::nullopt;
  return static_cast<int32_t>(id);
}

// What a published model reads: encoders take prompt and response in the tokenizer's form for two texts, and the first
// state stands for both unless a classifier says otherwise. A tokenizer may lie in a folder without a model.
text::TextPolicy published_policy(const nlohmann::json& config) {
  text::TextPolicy policy;
  const backbones::FamilyEntry* family = find_family_of(config);
  policy.use_pair = family != nullptr && family->is_encoder;
  if (family != nullptr && !family->is_encoder) policy.pad_id = pad_id(config, *family);
  if (!policy.use_pair) {
    if (policy.pad_id && is_classifier(config)) policy.pooling = text::kBeforePadding;
    return policy;
  }
  const auto pooling = config.find(std::string(family->classifier.pooling_key));
  const bool is_mean = is_classifier(config) && pooling != config.end() && *pooling == "mean";
  policy.pooling = is_mean ? "mean" : "first";
  return policy;
}

text::TextPolicy recorded_policy(const nlohmann::json& config, const std::string& directory) {
  text::TextPolicy policy = published_policy(config);
  const nlohmann::json rondo = rondo_object(config, directory);
  const auto found = rondo.find("text");
  if (found == rondo.end()) return policy;
  try {
    policy.use_template = found->at("template");
    policy.bos = found->at("bos");
    policy.eos = found->at("eos");
    policy.pooling = found->at("pooling");
    policy.gate = found->value("gate", policy.gate);
    policy.system = found->value("system", policy.system);
    policy.pairwise = found->value("pairwise", policy.pairwise);
    policy.max_length = found->value("max_length", policy.max_length);
    if (found->contains("clock")) policy.clock = found->at("clock").get<int64_t>();
    text::check_policy(policy);
  } catch (const nlohmann::json::exception& error) {
    throw ModelError("config.json: rondo: text: " + directory + ": " + error.what() +
                     "; expected template, bos, eos, pooling");
  } catch (const ConfigError& error) {
    throw ModelError("config.json: rondo: text: " + directory + ": " + error.what());
  }
  return policy;
}

void override_policy(const TextOverrides& overrides, text::TextPolicy& policy) {
  if (overrides.plain) policy.use_template = false;
  if (!overrides.bos.empty()) policy.bos = overrides.bos;
  if (!overrides.eos.empty()) policy.eos = overrides.eos;
  if (!overrides.pooling.empty()) policy.pooling = overrides.pooling;
  if (!overrides.gate_reads.empty()) policy.gate = overrides.gate_reads;
  if (!overrides.system.empty()) policy.system = overrides.system;
  if (!overrides.pairwise.empty()) policy.pairwise = overrides.pairwise;
  if (overrides.max_length > 0) policy.max_length = overrides.max_length;
  if (overrides.clock >= 0) policy.clock = overrides.clock;
}

}  // namespace

void describe(FieldVisitor& v, TextOverrides& c) {
  v.boolean("plain", c.plain, "no chat template, even where the model has one");
  v.choice("bos", c.bos, "first token; empty = as recorded", with_empty(text::kBosNames));
  v.choice("eos", c.eos, "last token; empty = as recorded", with_empty(text::kEosNames));
  v.choice("pooling", c.pooling, "which state stands for a response; empty = as recorded",
           with_empty(text::kPoolingNames));
  describe_clock(v, c);
}

void describe_clock(FieldVisitor& v, TextOverrides& c) {
  v.integer("clock", c.clock, "date for templates that ask: local time as seconds since 1970; -1 = as recorded", -1,
            kLatestClock);
}

void describe_pairwise(FieldVisitor& v, TextOverrides& c) {
  v.choice("pairwise", c.pairwise, "how a pairwise model reads two responses; empty = as recorded",
           with_empty(text::kPairwiseNames));
}

void describe_recorded(FieldVisitor& v, TextOverrides& c) {
  describe(v, c);
  describe_pairwise(v, c);
  v.choice("gate_reads", c.gate_reads, "where a prompt gate reads; empty = prompt", with_empty(text::kGateReadNames));
  v.choice("system", c.system, "system turns; empty = as_given", with_empty(text::kSystemNames));
  v.integer("max_length", c.max_length, "tokens the model was made for; 0 = what its backbone takes", 0,
            int64_t{1} << 31);
}

text::TextPolicy read_text_policy(const ModelFiles& files, const TextOverrides& overrides) {
  nlohmann::json config = nlohmann::json::object();
  if (files.is_adapter || std::filesystem::exists(files.directory / "config.json")) config = read_model_config(files);
  text::TextPolicy policy = recorded_policy(config, files.directory.string());
  override_policy(overrides, policy);
  return policy;
}

void fit_to_head(const heads::HeadConfig& head, const TextOverrides& overrides, text::TextPolicy& policy) {
  const bool is_pairwise = head.kind != kNoHead && heads::head_by_name(head.kind).pairwise;
  if (!is_pairwise) {
    if (!overrides.pairwise.empty() && overrides.pairwise != "none")
      throw ConfigError("`pairwise` " + overrides.pairwise + ": a " + head.kind +
                        " head reads responses alone; leave it out, or take `head` pair");
    policy.pairwise = "none";
    return;
  }
  const heads::HeadEntry& entry = heads::head_by_name(head.kind);
  const bool has_marks = entry.readings > 1;
  if (policy.pairwise == "none") policy.pairwise = has_marks ? "marks" : "turn";
  std::string fault;
  if ((policy.pairwise == "marks") != has_marks) {
    fault = "pairwise=" + policy.pairwise + " does not fit a " + head.kind +
            " head; pair_rm reads marks, pair and pair_lm read turn or answer";
  } else if (entry.reads_logits && policy.pooling != "sequence_end") {
    fault = "pooling=" + policy.pooling + ": the answer of a " + head.kind +
            " head is read at the end of the sequence; leave `pooling` out";
  }
  if (fault.empty()) return;
  if (overrides.pairwise.empty() && overrides.pooling.empty()) throw ModelError("config.json: rondo: text: " + fault);
  throw ConfigError(fault);
}

nlohmann::json write_text_policy(const text::TextEncoder& encoder) {
  const text::TextPolicy& policy = encoder.policy();
  nlohmann::json object = {
      {"template", encoder.uses_template()}, {"bos", policy.bos}, {"eos", policy.eos}, {"pooling", policy.pooling}};
  const text::TextPolicy usual;
  if (policy.gate != usual.gate) object["gate"] = policy.gate;
  if (policy.system != usual.system) object["system"] = policy.system;
  if (policy.pairwise != usual.pairwise) object["pairwise"] = policy.pairwise;
  if (policy.max_length != usual.max_length) object["max_length"] = policy.max_length;
  if (policy.clock && encoder.reads_clock()) object["clock"] = *policy.clock;
  return object;
}

text::TextEncoder open_encoder(const std::string& directory, const TextOverrides& overrides, const std::string& base) {
  const ModelFiles files = find_files(directory, base);
  return text::load_text_encoder(files.tokenizer.string(), read_text_policy(files, overrides));
}

}  // namespace rondo::model
