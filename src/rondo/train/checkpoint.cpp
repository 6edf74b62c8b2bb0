// SPDX-License-Identifier: Apache-2.0
#include "rondo/train/checkpoint.h"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/io/atomic_file.h"
#include "rondo/io/json.h"
#include "rondo/io/mapped_file.h"
#include "rondo/model/tensors.h"

namespace rondo::train {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTensorFile = "tensors.safetensors";
constexpr const char* kStateFile = "state.json";
constexpr std::string_view kFolderPrefix = "step-";
constexpr std::string_view kWeightPrefix = "weight.";
constexpr size_t kKept = 2;
constexpr const char* kOlderOne = "remove the folder of this step to use an older one";

fs::path folder_of(const fs::path& out, int64_t step) {
  return out / "checkpoints" / fmt::format("{}{:08}", kFolderPrefix, step);
}

// Whole checkpoints, newest first. Folders of other names are leftovers of an interrupted save.
std::vector<fs::path> checkpoints(const fs::path& out) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(out / "checkpoints", error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kFolderPrefix) && name.find('.') == std::string::npos) found.push_back(entry.path());
  }
  std::sort(found.rbegin(), found.rend());
  return found;
}

nlohmann::json to_json(const RunState& s) {
  return {{"step", s.step},
          {"metrics_bytes", s.metrics_bytes},
          {"seconds", s.seconds},
          {"best_step", s.best_step},
          {"best_log_loss", s.best_log_loss},
          {"stale_evaluations", s.stale_evaluations},
          {"skipped_updates", s.skipped_updates}};
}

RunState from_json(const nlohmann::json& j) {
  return {.step = j.at("step"),
          .metrics_bytes = j.at("metrics_bytes"),
          .seconds = j.at("seconds"),
          .best_log_loss = j.at("best_log_loss"),
          .best_step = j.at("best_step"),
          .stale_evaluations = j.at("stale_evaluations"),
          .skipped_updates = j.at("skipped_updates")};
}

RunState read_state(const fs::path& path) {
  const io::MappedFile file(path);
  nlohmann::json state;
  std::string fact = io::try_parse_json(file.bytes(), state);
  if (fact.empty()) {
    try {
      return from_json(state);
    } catch (const nlohmann::json::exception& error) {
      fact = error.what();
    }
  }
  throw DataError("cannot read the checkpoint: " + path.string() + ": " + fact + "; " + kOlderOne);
}

}  // namespace

void save_checkpoint(const fs::path& out, const RunState& state, const std::map<std::string, Tensor>& tensors,
                     const nn::ParameterSet& parameters) {
  const fs::path target = folder_of(out, state.step);
  const fs::path part = target.string() + ".part";
  std::error_code error;
  fs::remove_all(part, error);
  fs::create_directories(part, error);
  if (error)
    throw ResourceError("cannot write a checkpoint: " + part.string() + ": " + error.message() +
                        "; the previous one is intact");
  std::vector<model::FileTensor> all;
  for (const auto& [name, tensor] : tensors) all.push_back({name, tensor, tensor.scalar_type()});
  for (const nn::Parameter& p : parameters.all()) {
    if (p.value.requires_grad()) all.push_back({std::string(kWeightPrefix) + p.name, p.value, p.value.scalar_type()});
  }
  model::write_tensors(part / kTensorFile, all);
  io::write_file(part / kStateFile, to_json(state).dump(2) + "\n");
  io::publish_directory(part, target);
  const std::vector<fs::path> kept = checkpoints(out);
  for (size_t i = kKept; i < kept.size(); ++i) fs::remove_all(kept[i], error);
}

std::optional<Checkpoint> load_checkpoint(const fs::path& out, const nn::ParameterSet& parameters) {
  const std::vector<fs::path> found = checkpoints(out);
  if (found.empty()) return std::nullopt;
  const fs::path& folder = found.front();
  Checkpoint checkpoint;
  checkpoint.state = read_state(folder / kStateFile);
  checkpoint.tensors = model::read_tensors(folder / kTensorFile, kOlderOne);
  const at::NoGradGuard no_grad;
  for (const nn::Parameter& p : parameters.all()) {
    if (!p.value.requires_grad()) continue;
    const auto stored = checkpoint.tensors.find(std::string(kWeightPrefix) + p.name);
    if (stored == checkpoint.tensors.end() || stored->second.sizes() != p.value.sizes()) {
      throw ModelError("the checkpoint does not fit the model: " + folder.string() + ": " + p.name +
                       "; was `model` changed?");
    }
    p.value.detach().copy_(stored->second);
  }
  return checkpoint;
}

}  // namespace rondo::train
