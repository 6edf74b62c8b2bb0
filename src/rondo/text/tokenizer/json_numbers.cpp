// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/tokenizer/json_numbers.h"

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace rondo::text {
namespace {

constexpr size_t kMaxDepth = 200;
constexpr int kLargestPower = 308;  // of the table of exact-as-possible powers of ten

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits into 64 bits until they would overflow; what follows only moves the decimal point.
struct Significand {
  uint64_t value = 0;
  bool is_full = false;

  bool add(char digit) {
    const auto d = static_cast<uint64_t>(digit - '0');
    constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
    if (is_full || value > kMost / 10 || (value == kMost / 10 && d > kMost % 10)) {
      is_full = true;
      return false;
    }
    value = value * 10 + d;
    return true;
  }
};

double scaled(uint64_t significand, int64_t exponent) {
  auto result = static_cast<double>(significand);
  while (exponent < -kLargestPower && result != 0) {
    result /= 1e308;
    exponent += kLargestPower;
  }
  if (exponent < -kLargestPower) return result;
  // Literals of powers of ten are correctly rounded; std::pow need not be.
  const double power = std::stod("1e" + std::to_string(std::min<int64_t>(std::abs(exponent), kLargestPower)));
  return exponent < 0 ? result / power : result * power;
}

double read_number(std::string_view text) {
  const bool negative = text.starts_with('-');
  size_t pos = negative ? 1 : 0;
  Significand significand;
  int64_t exponent = 0;
  for (; pos < text.size() && is_digit(text[pos]); ++pos) exponent += significand.add(text[pos]) ? 0 : 1;
  if (pos < text.size() && text[pos] == '.') {
    for (++pos; pos < text.size() && is_digit(text[pos]); ++pos) exponent -= significand.add(text[pos]) ? 1 : 0;
  }
  if (pos < text.size()) {
    constexpr int64_t kFar = 100'000;
    exponent += std::max(-kFar, std::min<int64_t>(kFar, std::atoll(std::string(text.substr(pos + 1)).c_str())));
  }
  const double value = scaled(significand.value, exponent);
  return negative ? -value : value;
}

// Builds the tree; keys that come twice keep the last value.
class Builder : public nlohmann::json_sax<Json> {
 public:
  Json take() { return std::move(root_); }

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t, const string_t& text) override { return put(read_number(text)); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(size_t) override { return open(Json::object()); }
  bool start_array(size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& value) override {
    key_ = std::move(value);
    return true;
  }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

 private:
  Json* place(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    Json& member = parent[key_];
    member = std::move(value);
    return &member;
  }
  bool put(Json value) {
    place(std::move(value));
    return true;
  }
  bool open(Json value) {
    if (open_.size() >= kMaxDepth)
      throw ModelError("tokenizer is malformed: nested deeper than 200 levels; is the file damaged?");
    open_.push_back(place(std::move(value)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  Json root_;
  std::vector<Json*> open_;  // a container stays where it is while its members are read
  std::string key_;
};

}  // namespace

Json parse_tokenizer_json(std::string_view text) {
  Builder builder;
  // The library's own parser words the error.
  if (!Json::sax_parse(text.begin(), text.end(), &builder)) return Json::parse(text);
  return builder.take();
}

}  // namespace rondo::text
