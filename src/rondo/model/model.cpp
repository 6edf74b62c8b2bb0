// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/repeat_interleave.h>
#include <ATen/ops/zeros.h>

#include "rondo/base/error.h"
#include "rondo/nn/precision.h"

namespace rondo::model {
namespace {

std::unique_ptr<backbones::Backbone> build(const backbones::FamilyEntry& family, const nlohmann::json& config,
                                           const nn::ParameterSet& parameters) {
  backbones::ConfigReader reader(config, "config.json");
  return family.build(family, reader, parameters);
}

}  // namespace

Model::Model(const backbones::FamilyEntry& family, nlohmann::json config, heads::HeadConfig head,
             nn::ParameterSet parameters)
    : family_(&family),
      config_(std::move(config)),
      head_(std::move(head)),
      parameters_(std::move(parameters)),
      backbone_(build(family, config_, parameters_)) {
  if (!head_.classifier) return;
  backbones::ConfigReader reader(config_, "config.json");
  transition_ = family.classifier.build(reader, parameters_);
}

Tensor Model::hidden(const PackedBatch& batch, const backbones::ForwardOptions& options) const {
  return backbone_->forward(batch, options);
}

Tensor Model::pooled(const PackedBatch& batch, const Tensor& hidden_ND) const {
  const Tensor rows_TD = nn::at_least_float(hidden_ND.index_select(0, batch.pool_rows_T));
  const int64_t readings = batch.reading_count();
  if (rows_TD.size(0) == readings) return rows_TD;
  // Means over spans of different lengths: sums by response, divided by the lengths.
  const Tensor counts_R = batch.pool_offsets_R.diff();
  const Tensor owner_T = at::repeat_interleave(counts_R);
  const Tensor sums_RD = at::zeros({readings, rows_TD.size(1)}, rows_TD.options()).index_add(0, owner_T, rows_TD);
  return sums_RD / counts_R.to(rows_TD.scalar_type()).unsqueeze(-1);
}

Tensor Model::prompt_states(const PackedBatch& batch, const Tensor& hidden_ND) const {
  if (!needs_gate()) return {};
  return nn::at_least_float(hidden_ND.index_select(0, batch.gate_rows_G));
}

HeadOutput Model::head(const Tensor& pooled_RD, const Tensor& prompt_GD) const {
  const heads::HeadEntry& entry = heads::head_by_name(head_.kind);
  Tensor states_RD = transition_ ? transition_->forward(pooled_RD) : pooled_RD;
  if (entry.reads_logits) states_RD = backbone_->logits_of(pooled_RD, head_.answers);
  return entry.forward(head_, parameters_, states_RD, prompt_GD);
}

HeadOutput Model::output(const PackedBatch& batch, const Tensor& hidden_ND) const {
  HeadOutput output = head(pooled(batch, hidden_ND), prompt_states(batch, hidden_ND));
  output.pair_index_Q = batch.pair_index_Q;
  return output;
}

HeadOutput Model::forward(const PackedBatch& batch, const backbones::ForwardOptions& options) const {
  return output(batch, hidden(batch, options));
}

bool Model::is_backbone(const std::string& parameter) const {
  // Families put the layers of their classifier under their prefix (BERT's pooler) or beside it (DistilBERT's
  // pre_classifier).
  for (const nn::WeightRule& rule : family_->classifier.weights) {
    const std::string_view module = rule.name.substr(0, rule.name.rfind('.') + 1);
    if (parameter.starts_with(module)) return false;
  }
  return parameter == family_->lm_head || parameter.starts_with(family_->prefix);
}

int64_t Model::max_length() const {
  backbones::ConfigReader reader(config_, "config.json");
  return family_->max_length(reader);
}

at::Device Model::device() const { return parameters_.all().front().value.device(); }

}  // namespace rondo::model
