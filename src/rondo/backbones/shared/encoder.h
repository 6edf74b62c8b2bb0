// SPDX-License-Identifier: Apache-2.0
// What encoders in BERT's naming have in common:
//
//   embeddings.{word,position,token_type}_embeddings   embeddings.LayerNorm
//   encoder.layer.N.attention.output.{dense,LayerNorm}   ...intermediate.dense   ...output.{dense,LayerNorm}
//
// Nothing here knows a family; a family passes its values.
#pragma once

#include "rondo/backbones/shared/config_values.h"
#include "rondo/backbones/shared/transformer.h"
#include "rondo/backbones/shared/weights.h"

namespace rondo::backbones {

/// read_sizes and intermediate_size, max_position_embeddings, type_vocab_size.
nn::Sizes read_encoder_sizes(ConfigReader& config, int64_t default_positions, int64_t default_types);

/// Tables under `embeddings`; those that the weight table does not list are left out.
nn::Embeddings bert_embeddings(const Weights& embeddings, double eps);

/// All parts of an encoder whose projections are attention.self.{query,key,value}, under the family's prefix.
TransformerParts bert_parts(const FamilyEntry& family, ConfigReader& config, const nn::ParameterSet& parameters);

/// Everything of a block but its projections: norms over the sums, a feed-forward of two matrices.
nn::Block bert_block(const Weights& layer, const nn::QkvProjection& qkv, double scale, nn::Activation activation,
                     double eps);

}  // namespace rondo::backbones
