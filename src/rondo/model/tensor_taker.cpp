// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/tensor_taker.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "rondo/base/error.h"
#include "rondo/model/tensors.h"

namespace rondo::model {
namespace {

constexpr size_t kNamesInMessage = 5;

}  // namespace

std::string first_names(const std::vector<std::string>& names) {
  const size_t shown = std::min(kNamesInMessage, names.size());
  std::string text =
      fmt::format("{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  const size_t braces = pattern.find("{}");
  if (braces == std::string_view::npos) return pattern == name;
  const std::string_view head = pattern.substr(0, braces), tail = pattern.substr(braces + 2);
  if (name.size() <= head.size() + tail.size() || !name.starts_with(head) || !name.ends_with(tail)) return false;
  const std::string_view number = name.substr(head.size(), name.size() - head.size() - tail.size());
  return number.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string without_wrapper(const std::string& name) {
  return name.starts_with(kWrapperPrefix) ? name.substr(kWrapperPrefix.size()) : name;
}

TensorTaker::TensorTaker(std::shared_ptr<const io::SafetensorsReader> reader, std::string_view prefix,
                         std::string place, std::string outer)
    : reader_(std::move(reader)), prefix_(prefix), place_(std::move(place)), outer_(std::move(outer)) {}

const io::TensorView* TensorTaker::find_with_or_without_prefix(const std::string& name) const {
  const io::TensorView* view = reader_->find(outer_ + name);
  if (view == nullptr && name.starts_with(prefix_)) view = reader_->find(outer_ + name.substr(prefix_.size()));
  if (view == nullptr && name.starts_with(prefix_))
    view = reader_->find(outer_ + std::string(kWrapperPrefix) + name.substr(prefix_.size()));
  return view;
}

const io::TensorView* TensorTaker::find(const std::string& name) const {
  const io::TensorView* view = find_with_or_without_prefix(name);
  constexpr std::string_view kNorm = "LayerNorm.";
  const size_t norm = name.rfind(kNorm);
  if (view != nullptr || norm == std::string::npos) return view;
  const std::string stem = name.substr(0, norm + kNorm.size());
  return find_with_or_without_prefix(stem + (name.ends_with("weight") ? "gamma" : "beta"));
}

Tensor TensorTaker::take(const nn::ExpectedWeight& expected, const io::TensorView& view) {
  if (view.shape != expected.shape) {
    throw ModelError(
        fmt::format("weights do not fit: {}: {}: shape [{}], expected [{}]; is config.json from another size?", place_,
                    view.name, fmt::join(view.shape, ", "), fmt::join(expected.shape, ", ")));
  }
  taken_.push_back(view.name);
  return view_tensor(view, reader_);
}

std::vector<std::string> TensorTaker::left() const {
  const std::set<std::string_view> taken(taken_.begin(), taken_.end());
  std::vector<std::string> names;
  for (const io::TensorView& view : reader_->tensors()) {
    if (!taken.contains(view.name)) names.push_back(view.name);
  }
  return names;
}

}  // namespace rondo::model
