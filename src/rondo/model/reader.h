// SPDX-License-Identifier: Apache-2.0
// A model directory, opened: everything that its config.json and its files say about reading texts with it. Verbs, the
// judge and referees of self-play and other programs hold one of these, so that a rule that the directory records (its
// length limit, its stop ids, where its base lies) holds wherever the model is used.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "rondo/base/log.h"
#include "rondo/model/adapter_config.h"
#include "rondo/model/directory.h"
#include "rondo/model/text_policy.h"
#include "rondo/text/text_encoder.h"

namespace rondo::model {

struct ReaderOptions {
  LoadOptions load;
  TextOverrides text;
  /// The date for a template that asks, where none is recorded or given; it is then recorded with what is made. Without
  /// it such a model is read by the clock, and its notes say so.
  std::optional<int64_t> default_clock;
};

/// The token that a short answer ends with; nothing where the template takes no such text.
std::optional<int32_t> usual_end(const text::TextEncoder& encoder);

/// Moves, and does not copy; references to its parts stay valid while it moves.
class Reader {
 public:
  /// Loads weights, tokenizer and template. Throws ModelError where parts are missing or do not fit each other.
  explicit Reader(const std::string& directory, const ReaderOptions& options = {});

  [[nodiscard]] const std::string& directory() const { return directory_; }
  /// Where backbone and tokenizer lie: in the directory, or in the base of an adapter.
  [[nodiscard]] const ModelFiles& files() const { return files_; }
  /// The base that the caller named; "" = as the adapter says. What else is loaded of this model needs it again.
  [[nodiscard]] const std::string& base() const { return base_; }

  [[nodiscard]] const Model& model() const { return *loaded_.model; }
  [[nodiscard]] const text::TextEncoder& encoder() const { return *encoder_; }
  [[nodiscard]] const text::TextPolicy& policy() const { return encoder_->policy(); }
  /// Tokens of a sequence at most: what was recorded for the model, or what its backbone takes.
  [[nodiscard]] int64_t max_length() const;
  /// Ids that end a policy's response: the tokenizer's EOS and what generation_config.json or config.json names.
  [[nodiscard]] const std::vector<int32_t>& stop_ids() const { return stop_ids_; }
  [[nodiscard]] double tau() const { return model().head_config().tau; }
  /// Reads every ordered pair of responses instead of every response.
  [[nodiscard]] bool is_pairwise() const;

  /// The "rondo" object as it was found, and what of the files was ignored.
  [[nodiscard]] const nlohmann::json& rondo() const { return loaded_.rondo; }
  [[nodiscard]] const std::vector<std::string>& ignored_tensors() const { return loaded_.ignored_tensors; }
  [[nodiscard]] const std::vector<std::string>& ignored_keys() const { return loaded_.ignored_keys; }
  /// What a "rondo" object of a model made from this one begins with: version, text policy, hash of the template.
  [[nodiscard]] nlohmann::json rondo_object() const;
  /// What whoever opened it should be told.
  [[nodiscard]] const Notes& notes() const { return notes_; }

 private:
  [[nodiscard]] text::TextPolicy choose_policy(const ReaderOptions& options) const;
  void open_encoder(text::TextPolicy policy, std::optional<int64_t> default_clock);
  void read_stop_ids();
  void take_notes();
  void note_texts();

  std::string directory_;
  std::string base_;
  ModelFiles files_;
  LoadedModel loaded_;
  std::unique_ptr<text::TextEncoder> encoder_;
  std::vector<int32_t> stop_ids_;
  Notes notes_;
};

}  // namespace rondo::model
