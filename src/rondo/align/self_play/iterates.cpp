// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/self_play/iterates.h"

#include <fmt/format.h>

#include "rondo/base/device.h"
#include "rondo/base/error.h"
#include "rondo/io/json.h"
#include "rondo/io/mapped_file.h"
#include "rondo/model/directory.h"

namespace rondo::align {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kNone = -1, kInTraining = -2;

}  // namespace

nlohmann::json read_round_manifest(const fs::path& path) {
  constexpr const char* kRemedy = "; remove it, and the iteration is finished anew";
  if (!fs::is_regular_file(path)) throw DataError("cannot read a manifest: " + path.string() + ": no file" + kRemedy);
  const io::MappedFile file(path);
  nlohmann::json manifest;
  std::string fact = io::try_parse_json(file.bytes(), manifest);
  if (fact.empty() && !(manifest.is_object() && manifest.contains("weights") && manifest["weights"].is_string()))
    fact = "there are no weights in it";
  if (!fact.empty()) throw DataError("cannot read a manifest: " + path.string() + ": " + fact + kRemedy);
  return manifest;
}

Iterates::Iterates(const AlignConfig& config, const model::Reader& base, at::Device device)
    : config_(config), base_(base), device_(device) {}

fs::path Iterates::folder(int64_t t) const { return fs::path(config_.out) / fmt::format("iteration-{:03}", t); }

fs::path Iterates::policy_folder(int64_t t) const { return t == 0 ? fs::path(config_.policy) : folder(t) / "policy"; }

void Iterates::load(int64_t t, bool trainable, Slot& slot) const {
  slot = {};  // memory first
  model::LoadOptions options =
      trainable && t == 0
          ? trained_policy(config_, device_)
          : model::LoadOptions{
                .dtype = float_type(config_.dtype), .device = device_, .trainable = trainable, .as_policy = true};
  options.base = base_.base();
  slot = {t, model::load(policy_folder(t), options)};
}

const model::Model& Iterates::get(int64_t t) {
  if (t == 0) return base_.model();
  if (newest_.t == t) return *newest_.loaded.model;
  // Nothing newer was trained in this process: it is the one that goes on, so it is loaded once for both.
  if (newest_.t == kNone) {
    load(t, /*trainable=*/true, newest_);
    return *newest_.loaded.model;
  }
  if (older_.t != t) load(t, /*trainable=*/false, older_);
  return *older_.loaded.model;
}

const model::Model& Iterates::begin_training(int64_t t) {
  if (newest_.t != t - 1) load(t - 1, /*trainable=*/true, newest_);
  newest_.t = kInTraining;
  return *newest_.loaded.model;
}

void Iterates::finish_training(int64_t t) { newest_.t = t; }

const std::string& Iterates::weights(int64_t t) {
  const auto found = weights_.find(t);
  if (found != weights_.end()) return found->second;
  const fs::path manifest = folder(t) / "manifest.json";
  return weights_[t] = t > 0 && fs::exists(manifest) ? read_round_manifest(manifest).at("weights").get<std::string>()
                                                     : model::weights_hash(get(t));
}

}  // namespace rondo::align
