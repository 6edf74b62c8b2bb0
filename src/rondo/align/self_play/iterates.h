// SPDX-License-Identifier: Apache-2.0
// The policies of a run by number: 0 is the base that the run was given, t what iteration t made, in
// OUT/iteration-00t/policy. At most three are in memory: the base, the newest one, which training changes in place, and
// an older one (a magnet, say) while it is asked for. An iteration reads no weights but those of such an older one.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "rondo/align/self_play/config.h"
#include "rondo/model/reader.h"

namespace rondo::align {

class Iterates {
 public:
  /// `config` and `base` must outlive it.
  Iterates(const AlignConfig& config, const model::Reader& base, at::Device device);

  /// The folder of iteration t, and of the policy that it makes.
  [[nodiscard]] std::filesystem::path folder(int64_t t) const;
  [[nodiscard]] std::filesystem::path policy_folder(int64_t t) const;

  /// Iterate t with fixed weights; valid until another one is asked for or training begins.
  const model::Model& get(int64_t t);
  /// Iterate t - 1, to be trained into iterate t; with new adapters where the config asks for some.
  const model::Model& begin_training(int64_t t);
  /// What begin_training gave is iterate t now, and lies in its folder.
  void finish_training(int64_t t);

  /// The hash of an iterate's weights. Finished iterations have it in their manifest.
  const std::string& weights(int64_t t);

 private:
  struct Slot {
    int64_t t = -1;
    model::LoadedModel loaded;
  };
  void load(int64_t t, bool trainable, Slot& slot) const;

  const AlignConfig& config_;
  const model::Reader& base_;
  at::Device device_;
  Slot newest_;
  Slot older_;
  std::map<int64_t, std::string> weights_;
};

/// manifest.json of an iteration. Throws DataError, with what to do, where it is cut or damaged.
nlohmann::json read_round_manifest(const std::filesystem::path& path);

}  // namespace rondo::align
