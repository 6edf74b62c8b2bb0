// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/publish.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>

#include "rondo/base/error.h"
#include "rondo/io/atomic_file.h"

namespace rondo::model {

namespace fs = std::filesystem;

void refuse_existing(const std::string& out) {
  if (fs::exists(fs::path(out) / "config.json"))
    throw ConfigError("a model is there already: " + out + "; remove it or choose another `out`");
}

bool holds_lm_head(const std::string& directory, const backbones::FamilyEntry& family) {
  return !family.lm_head.empty() && io::SafetensorsReader(directory).find(family.lm_head) != nullptr;
}

void publish_model(const Model& model, const nlohmann::json& rondo, const std::string& out,
                   const std::string& tokenizer_source, const PublishOptions& options) {
  // A trailing slash would put the unfinished folder inside the finished one.
  const fs::path target = fs::path(out).has_filename() ? fs::path(out) : fs::path(out).parent_path();
  const fs::path part = target.string() + ".part";
  std::error_code ignored;
  fs::remove_all(part, ignored);
  save(model, rondo, part, tokenizer_source, options.save);
  const bool is_policy = model.head_config().kind == kNoHead;
  const bool with_lm_head = !is_policy && model.parameters().has(std::string(model.family().lm_head));
  const LoadedModel again = load(part, {.with_lm_head = with_lm_head, .as_policy = is_policy, .base = options.base});
  for (const nn::Parameter& p : model.parameters().all()) {
    const Tensor& read = again.model->parameters().get(p.name);
    if (!at::equal(p.value.detach().cpu().to(read.scalar_type()), read))
      throw ResourceError("a written model does not load as it was: " + out + ": " + p.name + " differs");
  }
  io::publish_directory(part, target);
}

}  // namespace rondo::model
