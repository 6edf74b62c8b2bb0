// SPDX-License-Identifier: Apache-2.0
#include "rondo/heads/shared/head.h"

#include "rondo/base/error.h"
#include "rondo/base/nearest.h"

namespace rondo::heads {
namespace {

constexpr const HeadEntry* kHeads[] = {
#define HEAD(name) &name##_entry,
#include "rondo/heads/heads.def"
#undef HEAD
};

constexpr double kUnitNormTau = 0.1;  // arXiv:2410.02197 app. A: scores of unit vectors lie in [-1, 1]

}  // namespace

std::span<const HeadEntry* const> all_heads() { return kHeads; }

std::vector<std::string> head_names() {
  std::vector<std::string> names;
  for (const HeadEntry* head : kHeads) names.emplace_back(head->name);
  return names;
}

const HeadEntry* find_head(std::string_view name) {
  for (const HeadEntry* head : kHeads) {
    if (head->name == name) return head;
  }
  return nullptr;
}

const HeadEntry& head_by_name(std::string_view name) {
  if (const HeadEntry* head = find_head(name)) return *head;
  throw ConfigError(unknown_name_message("head", name, head_names()));
}

bool HeadConfig::has_gate() const { return gate != "none" && head_by_name(kind).embeds; }

bool HeadConfig::is_scalar() const {
  const HeadEntry* head = find_head(kind);
  return head != nullptr && head->scalar();
}

bool HeadConfig::clips_rewards() const {
  const HeadEntry* head = find_head(kind);
  return head != nullptr && head->clips_rewards;
}

double default_tau(std::string_view kind, std::string_view norm) {
  return head_by_name(kind).embeds && norm == "unit" ? kUnitNormTau : 1.0;
}

std::vector<nn::ExpectedWeight> head_weights(const HeadConfig& config, int64_t hidden) {
  std::vector<nn::ExpectedWeight> weights = head_by_name(config.kind).weights(config, hidden);
  if (config.ties) weights.push_back({std::string(kLogNu), {1}});
  return weights;
}

}  // namespace rondo::heads
