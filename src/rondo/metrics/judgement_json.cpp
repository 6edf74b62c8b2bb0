// SPDX-License-Identifier: Apache-2.0
// The keys of metrics files. nlohmann writes a number that is not finite as null.
#include <nlohmann/json.hpp>

#include "rondo/metrics/judgement.h"

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

Json to_json(const Judgement& judgement) {
  Json json;
  json["accuracy"] = judgement.agreement.accuracy;
  json["accuracy_low"] = judgement.accuracy.low;
  json["accuracy_high"] = judgement.accuracy.high;
  json["accuracy_half"] = judgement.agreement.accuracy_half;
  json["accuracy_wilson_low"] = judgement.accuracy_wilson.low;
  json["accuracy_wilson_high"] = judgement.accuracy_wilson.high;
  json["log_loss"] = judgement.agreement.log_loss;
  json["log_loss_low"] = judgement.log_loss.low;
  json["log_loss_high"] = judgement.log_loss.high;
  json["brier"] = judgement.agreement.brier;
  json["ece"] = judgement.ece;
  json["comparisons"] = judgement.comparisons;
  json["even"] = judgement.even;
  json["groups"] = judgement.groups;
  json["cyclic_triads"] = judgement.triads.cyclic;
  json["cyclic_triads_right"] = nullptr;
  if (judgement.triads.cyclic > 0) {
    json["cyclic_triads_right"] =
        static_cast<double>(judgement.triads.right) / static_cast<double>(judgement.triads.cyclic);
  }
  json["cyclic_triads_right_count"] = judgement.triads.right;
  json["cyclic_triads_sampled_groups"] = judgement.triads.sampled_groups;
  json["bootstrap"] = {{"units", judgement.bootstrap.units},
                       {"unit_count", judgement.bootstrap.unit_count},
                       {"resamples", judgement.bootstrap.samples.size()}};
  json["baselines"] = baselines_json(judgement.baselines);
  json["length_bins"] = lengths_json(judgement.lengths);
  json["calibration"] = calibration_json(judgement.calibration);
  return json;
}

Json to_json(const Difference& difference) {
  Json json;
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
