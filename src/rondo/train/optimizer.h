// SPDX-License-Identifier: Apache-2.0
// AdamW, and Muon for the matrices of the blocks with AdamW for the rest.
//
//   AdamW (arXiv:1711.05101): decoupled weight decay of matrices. Biases and the weights of norms do not decay, as in
//   transformers' Trainer.
//
//   Muon (Jordan et al. 2024; scale from arXiv:2502.16982): Nesterov momentum, then five Newton-Schulz steps that bring
//   the update near an orthogonal matrix, times 0.2 sqrt(max dimension) so that AdamW's rates fit.
//
// Weights below float32 keep a float32 master copy here; gradients of micro-batches add up in float32.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "rondo/base/tensor.h"
#include "rondo/nn/parameters.h"

namespace rondo::train {

inline const std::vector<std::string> kOptimizerNames = {"adamw", "muon"};

struct OptimizerOptions {
  std::string kind = "adamw";
  double beta1 = 0.9;
  double beta2 = 0.95;
  double eps = 1e-8;
  double weight_decay = 0;  // of matrices
  double muon_momentum = 0.95;
  double clip = 1.0;       // gradient norm above which gradients are scaled down; 0 = off
  double head_factor = 1;  // the head's learning rate over that of the rest; AdamW
};

/// What a parameter of some name is. Names differ from family to family: only the model knows.
struct OptimizerRoles {
  static bool none(const std::string&) { return false; }
  /// head_factor changes its rate.
  std::function<bool(const std::string&)> is_head = &none;
  /// Muon trains it. A matrix may lie as [in, out] or as [out, in]: its update is the transpose of the other's.
  std::function<bool(const std::string&)> is_block_matrix = &none;
};

class Optimizer {
 public:
  /// parameters: those that require a gradient are trained. Throws ConfigError where that is none, or none for Muon.
  Optimizer(const nn::ParameterSet& parameters, const OptimizerOptions& options, const OptimizerRoles& roles = {});

  /// Names of the matrices that Muon trains.
  std::vector<std::string> muon_names() const;
  /// How many parameters each optimiser has, in words.
  std::string summary() const;

  /// Adds the gradients of a micro-batch, already divided by the count of the whole step, and clears them.
  void accumulate();
  /// Clips, updates, clears. Returns the gradient norm before clipping; the update is skipped where it is not finite.
  double step(double lr);

  /// Tensors that a checkpoint must hold beside the weights, by name; load copies into them. A master that is the
  /// model's own tensor is not among them: whoever loads the weights has loaded it.
  std::map<std::string, Tensor> state() const;
  void load_state(const std::map<std::string, Tensor>& state);

 private:
  struct Trained {
    std::string name;
    Tensor value;   // the model's tensor
    Tensor master;  // float32; the same tensor where the model is float32
    Tensor gradient;
  };
  /// Matrices of one shape, updated by batched products.
  struct MuonBucket {
    std::vector<size_t> members;
    Tensor momentum;  // [count, rows, columns]
  };

  /// Parameters of one learning rate and one weight decay.
  struct AdamwGroup {
    double factor = 1;
    double weight_decay = 0;
    std::vector<size_t> members;
    std::vector<Tensor> first_moments, second_moments, step_counts;
  };

  double clip_gradients();
  AdamwGroup& group_of(double factor, double weight_decay);
  void add_to(AdamwGroup& group, size_t index);
  void add_to_bucket(size_t index);
  void adamw_step(double lr, AdamwGroup& group);
  void muon_step(double lr, MuonBucket& bucket);
  void finish_step();

  OptimizerOptions options_;
  std::vector<Trained> trained_;
  std::vector<AdamwGroup> groups_;
  std::vector<MuonBucket> buckets_;
};

/// Five Newton-Schulz steps on [count, rows, columns] matrices; singular values end between about 0.7 and 1.2.
Tensor orthogonalise(const Tensor& matrices);

}  // namespace rondo::train
