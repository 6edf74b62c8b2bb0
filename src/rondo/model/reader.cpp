// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "rondo/base/error.h"
#include "rondo/base/version.h"
#include "rondo/io/json.h"

namespace rondo::model {
namespace {

// The tokens that a pairwise language model answers with, where the caller asks for a fresh or an imported one.
void add_answers(const ModelFiles& files, const TextOverrides& overrides, LoadOptions& options) {
  for (heads::HeadConfig* head :
       {options.new_head ? &*options.new_head : nullptr, options.import ? &options.import->head : nullptr}) {
    if (head == nullptr || !heads::head_by_name(head->kind).reads_logits) continue;
    TextOverrides plain = overrides;
    plain.pairwise.clear();
    head->answers = text::load_text_encoder(files.tokenizer.string(), read_text_policy(files, plain)).answer_tokens();
  }
}

}  // namespace

Reader::Reader(const std::string& directory, const ReaderOptions& options)
    : directory_(directory), base_(options.load.base), files_(find_files(directory, base_)) {
  LoadOptions load_options = options.load;
  add_answers(files_, options.text, load_options);
  loaded_ = load(directory, load_options);
  text::TextPolicy policy = read_text_policy(files_, options.text);
  fit_to_head(model().head_config(), options.text, policy);
  encoder_ = std::make_unique<text::TextEncoder>(text::load_text_encoder(files_.tokenizer.string(), policy));
  check_vocabulary();
  read_stop_ids();
  take_notes();
}

int64_t Reader::max_length() const {
  const int64_t recorded = policy().max_length;
  return recorded > 0 ? std::min(recorded, model().max_length()) : model().max_length();
}

bool Reader::is_pairwise() const {
  const std::string& kind = model().head_config().kind;
  return kind != kNoHead && heads::head_by_name(kind).pairwise;
}

nlohmann::json Reader::rondo_object() const {
  return {{"version", kVersion}, {"text", write_text_policy(encoder())}, {"template_hash", encoder().template_hash()}};
}

void Reader::check_vocabulary() const {
  const int64_t rows = model().backbone().sizes().vocab;
  if (encoder().tokenizer().id_limit() <= rows) return;
  throw ModelError(
      fmt::format("the tokenizer does not fit: {}: it has ids up to {}, the embedding table {} rows; is tokenizer.json "
                  "from another model?",
                  directory_, encoder().tokenizer().id_limit() - 1, rows));
}

void Reader::read_stop_ids() {
  if (encoder().eos_id()) stop_ids_.push_back(*encoder().eos_id());
  for (const char* const name : {"generation_config.json", "config.json"}) {
    const std::filesystem::path path = files_.tokenizer / name;
    if (!std::filesystem::exists(path)) continue;
    const nlohmann::json eos = io::read_json_file(path, ErrorKind::kModel).value("eos_token_id", nlohmann::json());
    for (const nlohmann::json& id : eos.is_array() ? eos : nlohmann::json::array({eos})) {
      if (id.is_number_integer()) stop_ids_.push_back(id.get<int32_t>());
    }
  }
}

void Reader::take_notes() {
  if (!ignored_tensors().empty()) {
    notes_.push_back(
        {LogLevel::kInfo, fmt::format("{}: tensors not used: {}", directory_, fmt::join(ignored_tensors(), ", "))});
  }
  const nlohmann::json& config = model().config();
  if (config.contains("mean") && config.contains("std") && model().head_config().is_scalar()) {
    notes_.push_back({LogLevel::kInfo,
                      fmt::format("{}: config.json has a mean and std of rewards, which are not applied; `rondo import "
                                  "--normalize-rewards` does",
                                  directory_)});
  }
  const nlohmann::json base = rondo().value(kBaseFingerprint, nlohmann::json());
  if (base.is_string() && model().parameters().lora() && base != base_fingerprint(model())) {
    notes_.push_back({LogLevel::kWarning,
                      fmt::format("{}: {} is not the base that the adapter was trained on; its scores are others",
                                  directory_, files_.weights.string())});
  }
  // Another template is another text, and other scores.
  const nlohmann::json recorded = rondo().value("template_hash", nlohmann::json());
  if (recorded.is_string() && policy().use_template && recorded != encoder().template_hash()) {
    notes_.push_back(
        {LogLevel::kWarning,
         fmt::format("{}: the chat template is not the one that the model was made with; its scores are others",
                     directory_)});
  }
}

}  // namespace rondo::model
