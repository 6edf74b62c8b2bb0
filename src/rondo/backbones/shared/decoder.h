// SPDX-License-Identifier: Apache-2.0
// What decoders in Llama's naming have in common:
//
//   model.embed_tokens   model.layers.N.self_attn.{q,k,v,o}_proj   model.layers.N.mlp.{gate,up,down}_proj   model.norm
//
// Nothing here knows a family; a family passes its values.
#pragma once

#include "rondo/backbones/shared/config_values.h"
#include "rondo/backbones/shared/transformer.h"
#include "rondo/backbones/shared/weights.h"

namespace rondo::backbones {

struct DecoderValues {
  nn::NormKind norm = nn::NormKind::kRms;
  double eps = 1e-6;  // of every norm
};

/// Embeddings, final norm and language-model head; kinds and blocks are left to the family.
TransformerParts decoder_parts(const FamilyEntry& family, ConfigReader& config, const nn::ParameterSet& parameters,
                               const DecoderValues& values);
/// The family's lm_head, or the embedding table where the two are tied, or undefined.
Tensor read_lm_head(const FamilyEntry& family, ConfigReader& config, const nn::ParameterSet& parameters,
                    const Tensor& table_VD);

nn::QkvProjection decoder_qkv(const Weights& attention, const nn::Sizes& sizes);
nn::FeedForward gated_mlp(const Weights& mlp, nn::Activation activation);

}  // namespace rondo::backbones
