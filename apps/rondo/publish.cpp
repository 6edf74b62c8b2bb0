// SPDX-License-Identifier: Apache-2.0
#include "apps/rondo/publish.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>

#include "rondo/base/error.h"
#include "rondo/io/atomic_file.h"

namespace rondo::cli {

namespace fs = std::filesystem;

void refuse_existing(const std::string& out) {
  if (fs::exists(fs::path(out) / "config.json"))
    throw ConfigError("a model is there already: " + out + "; remove it or choose another --out");
}

void publish_model(const model::Model& model, const nlohmann::json& rondo, const std::string& out,
                   const std::string& tokenizer_source, const model::SaveOptions& options) {
  // A trailing slash would put the unfinished folder inside the finished one.
  const fs::path target = fs::path(out).has_filename() ? fs::path(out) : fs::path(out).parent_path();
  const fs::path part = target.string() + ".part";
  std::error_code ignored;
  fs::remove_all(part, ignored);
  model::save(model, rondo, part, tokenizer_source, options);
  const bool is_policy = model.head_config().kind == model::kNoHead;
  const model::LoadedModel again = model::load(part, {.as_policy = is_policy});
  for (const nn::Parameter& p : again.model->parameters().all()) {
    const Tensor written = model.parameters().get(p.name).detach().cpu().to(p.value.scalar_type());
    if (!at::equal(written, p.value))
      throw ResourceError("a written model does not load as it was: " + out + ": " + p.name + " differs");
  }
  io::publish_directory(part, target);
}

}  // namespace rondo::cli
