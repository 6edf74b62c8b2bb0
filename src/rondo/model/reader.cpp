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

std::optional<int32_t> usual_end(const text::TextEncoder& encoder) {
  if (encoder.policy().pairwise != "none") return std::nullopt;
  try {
    const std::vector<int32_t> ids =
        encoder.encode({.text = "a"}, {.role = "assistant", .content = "b", .extra_json = ""}).ids;
    if (!ids.empty()) return ids.back();
  } catch (const DataError&) {
    // A template may want other conversations than this one.
  }
  return std::nullopt;
}

Reader::Reader(const std::string& directory, const ReaderOptions& options)
    : directory_(directory), base_(options.load.base), files_(find_files(directory, base_)) {
  LoadOptions load_options = options.load;
  add_answers(files_, options.text, load_options);
  loaded_ = load(directory, load_options);
  open_encoder(choose_policy(options), options.default_clock);
  read_stop_ids();
  take_notes();
  note_texts();
}

text::TextPolicy Reader::choose_policy(const ReaderOptions& options) const {
  text::TextPolicy policy = read_text_policy(files_, options.text);
  // A head that is not there yet was not trained to read anywhere: it gets the true last token.
  const bool is_fresh = options.load.new_head || options.load.as_policy;
  if (is_fresh && policy.pooling == text::kBeforePadding && options.text.pooling.empty())
    policy.pooling = text::TextPolicy().pooling;
  fit_to_head(model().head_config(), options.text, policy);
  policy.embedding_rows = model().backbone().sizes().vocab;
  return policy;
}

void Reader::open_encoder(text::TextPolicy policy, std::optional<int64_t> default_clock) {
  const auto load = [&] {
    encoder_ = std::make_unique<text::TextEncoder>(text::load_text_encoder(files_.tokenizer.string(), policy));
  };
  load();
  if (!encoder_->reads_clock() || policy.clock || !default_clock) return;
  policy.clock = default_clock;
  load();
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
  if (!loaded_.foreign_keys.empty()) {
    notes_.push_back({LogLevel::kInfo,
                      fmt::format("{}: config.json: {}: not read by this family, as in transformers; whole heads are "
                                  "rotated",
                                  directory_, fmt::join(loaded_.foreign_keys, ", "))});
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

// What its texts are read by, where that is not what everybody would expect.
void Reader::note_texts() {
  const auto note = [this](const std::string& fact) {
    notes_.push_back({LogLevel::kWarning, fmt::format("{}: {}", directory_, fact)});
  };
  const text::Tokenizer& tokenizer = encoder().tokenizer();
  if (const int64_t rows = policy().embedding_rows; tokenizer.id_limit() > rows) {
    note(
        fmt::format("the tokenizer has ids up to {} ({}), the embedding table {} rows: texts with a token beyond them "
                    "are refused",
                    tokenizer.id_limit() - 1, tokenizer.token(static_cast<int32_t>(tokenizer.id_limit() - 1)), rows));
  }
  if (encoder().reads_clock() && !policy().clock)
    note("the template writes the date and none is recorded: scores change from day to day; fix it by `clock`");
  const std::optional<int32_t> end = usual_end(encoder());
  if (policy().pooling != text::kBeforePadding || !end || end != policy().pad_id) return;
  note(
      fmt::format("the score is read in front of {} ({}), which ends a text and is the pad token as well, as by the "
                  "class of transformers; servers that read by length (vLLM) read the last token: `pooling` "
                  "sequence_end does",
                  tokenizer.token(*end), *end));
}

}  // namespace rondo::model
