// SPDX-License-Identifier: Apache-2.0
// Checkpoints of a run: OUT/checkpoints/step-00000123/{state.json, tensors.safetensors}. A checkpoint is written into a
// folder of another name, read back, then renamed; the two newest are kept. A run that dies at any moment therefore
// finds a whole one.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "rondo/base/tensor.h"
#include "rondo/nn/parameters.h"

namespace rondo::train {

/// What a run knows beside its tensors.
struct RunState {
  int64_t step = 0;           // steps done
  int64_t metrics_bytes = 0;  // length of metrics.jsonl at this step; what lies beyond is cut on resume
  double seconds = 0;         // training time so far
  double best_log_loss = 0;   // valid where best_step >= 0
  int64_t best_step = -1;
  int64_t stale_evaluations = 0;
  int64_t skipped_updates = 0;  // steps whose gradient was not finite and which left the weights as they were
};

/// tensors: Optimizer::state. The trainable parameters of the model are stored beside them.
void save_checkpoint(const std::filesystem::path& out, const RunState& state,
                     const std::map<std::string, Tensor>& tensors, const nn::ParameterSet& parameters);

struct Checkpoint {
  RunState state;
  std::map<std::string, Tensor> tensors;
};

/// The newest whole checkpoint, nullopt where there is none. Copies the stored weights into `parameters`.
/// Throws DataError where its files are damaged, ModelError where they do not fit.
std::optional<Checkpoint> load_checkpoint(const std::filesystem::path& out, const nn::ParameterSet& parameters);

}  // namespace rondo::train
