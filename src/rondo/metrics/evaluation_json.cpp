// SPDX-License-Identifier: Apache-2.0
// The keys of metrics files. nlohmann writes a number that is not finite as null.
#include <nlohmann/json.hpp>

#include "rondo/metrics/evaluation.h"

namespace rondo::metrics {
namespace {

using Json = nlohmann::ordered_json;

Json calibration_json(std::span<const CalibrationBin> bins) {
  Json list = Json::array();
  for (const CalibrationBin& bin : bins) {
    if (bin.weight <= 0) continue;
    list.push_back({{"confidence", bin.confidence}, {"agreed", bin.agreed}, {"weight", bin.weight}});
  }
  return list;
}

Json lengths_json(std::span<const LengthBin> bins) {
  Json list = Json::array();
  for (const LengthBin& bin : bins) {
    list.push_back({{"name", bin.name}, {"accuracy", bin.accuracy}, {"comparisons", bin.comparisons}});
  }
  return list;
}

Json baselines_json(const NullBaselines& baselines) {
  return {{"longest", baselines.longest},
          {"shortest", baselines.shortest},
          {"random", baselines.random},
          {"first", baselines.first}};
}

}  // namespace

Json to_json(const Evaluation& evaluation) {
  Json json;
  json["accuracy"] = evaluation.agreement.accuracy;
  json["accuracy_low"] = evaluation.accuracy.low;
  json["accuracy_high"] = evaluation.accuracy.high;
  json["accuracy_half"] = evaluation.agreement.accuracy_half;
  json["accuracy_wilson_low"] = evaluation.accuracy_wilson.low;
  json["accuracy_wilson_high"] = evaluation.accuracy_wilson.high;
  json["log_loss"] = evaluation.agreement.log_loss;
  json["log_loss_low"] = evaluation.log_loss.low;
  json["log_loss_high"] = evaluation.log_loss.high;
  json["brier"] = evaluation.agreement.brier;
  json["ece"] = evaluation.ece;
  json["comparisons"] = evaluation.comparisons;
  json["even"] = evaluation.even;
  json["groups"] = evaluation.groups;
  json["cyclic_triads"] = evaluation.triads.cyclic;
  json["cyclic_triads_right"] = nullptr;
  if (evaluation.triads.cyclic > 0) {
    json["cyclic_triads_right"] =
        static_cast<double>(evaluation.triads.right) / static_cast<double>(evaluation.triads.cyclic);
  }
  json["cyclic_triads_right_count"] = evaluation.triads.right;
  json["cyclic_triads_sampled_groups"] = evaluation.triads.sampled_groups;
  json["bootstrap"] = {{"units", evaluation.bootstrap.units},
                       {"unit_count", evaluation.bootstrap.unit_count},
                       {"resamples", evaluation.bootstrap.samples.size()}};
  json["baselines"] = baselines_json(evaluation.baselines);
  json["length_bins"] = lengths_json(evaluation.lengths);
  json["calibration"] = calibration_json(evaluation.calibration);
  return json;
}

Json to_json(const Difference& difference) {
  Json json;
  json["comparisons"] = difference.comparisons;
  json["accuracy"] = difference.accuracy;
  json["accuracy_low"] = difference.accuracy_interval.low;
  json["accuracy_high"] = difference.accuracy_interval.high;
  json["log_loss"] = difference.log_loss;
  json["log_loss_low"] = difference.log_loss_interval.low;
  json["log_loss_high"] = difference.log_loss_interval.high;
  json["verdict"] = verdict(difference);
  return json;
}

}  // namespace rondo::metrics
