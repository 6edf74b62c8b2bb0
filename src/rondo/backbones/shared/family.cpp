// SPDX-License-Identifier: Apache-2.0
#include "rondo/backbones/shared/family.h"

#include <string>

#include "rondo/base/error.h"
#include "rondo/base/nearest.h"

namespace rondo::backbones {
namespace {

constexpr const FamilyEntry* kFamilies[] = {
#define FAMILY(name) &name##_entry,
#include "rondo/backbones/backbones.def"
#undef FAMILY
};

}  // namespace

std::span<const FamilyEntry* const> all_families() { return kFamilies; }

const FamilyEntry* find_family(std::string_view architecture) {
  for (const FamilyEntry* family : kFamilies) {
    for (const std::string_view name : family->architectures) {
      if (name == architecture) return family;
    }
  }
  return nullptr;
}

const FamilyEntry& family_of_architecture(std::string_view architecture) {
  if (const FamilyEntry* family = find_family(architecture)) return *family;
  std::vector<std::string> known;
  for (const FamilyEntry* family : kFamilies) {
    known.insert(known.end(), family->architectures.begin(), family->architectures.end());
  }
  throw ModelError("config.json: " + unknown_name_message("architecture", architecture, known));
}

const FamilyEntry& family_by_name(std::string_view name) {
  std::vector<std::string> known;
  for (const FamilyEntry* family : kFamilies) {
    if (family->name == name) return *family;
    known.emplace_back(family->name);
  }
  throw ConfigError(unknown_name_message("family", name, known));
}

}  // namespace rondo::backbones
