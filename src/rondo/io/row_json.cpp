// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/row_json.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "rondo/io/json.h"

namespace rondo::io {
namespace {

using Json = nlohmann::ordered_json;

// A spelled number is a text behind a control character; a text that begins with that character gets it twice.
constexpr char kMark = '\x01';
constexpr std::string_view kEscapedMark = "\\u0001";  // as JSON writes it

bool is_integer(std::string_view digits) { return digits.find_first_of(".eE") == std::string_view::npos; }

// Builds the tree as the library's own parser does, and sees how each number is spelled.
class Builder : public nlohmann::json_sax<Json> {
 public:
  Builder(RowNumbers numbers, Json& root) : numbers_(numbers), root_(root) {}
  bool loses_digits() const { return loses_digits_; }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t& digits) override {
    if (Json(value).dump() == digits) return add(value);
    loses_digits_ = true;
    if (numbers_ == RowNumbers::kDigits) return add(kMark + digits);
    return is_integer(digits) ? add(digits) : add(value);
  }
  bool string(string_t& value) override {
    if (value.starts_with(kMark)) loses_digits_ = true;
    if (value.starts_with(kMark) && numbers_ == RowNumbers::kDigits) value.insert(value.begin(), kMark);
    return add(std::move(value));
  }
  bool binary(binary_t& /*value*/) override { return false; }
  bool start_object(size_t /*size*/) override { return open(Json::object()); }
  bool start_array(size_t /*size*/) override { return open(Json::array()); }
  bool key(string_t& name) override {
    key_ = std::move(name);
    return true;
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(size_t /*position*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*e*/) override {
    return false;
  }

 private:
  Json* place(Json&& value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    // The last of equal keys wins, as in the library and in Python.
    Json& member = parent[key_];
    member = std::move(value);
    return &member;
  }
  bool add(Json value) {
    place(std::move(value));
    return true;
  }
  bool open(Json value) {
    if (std::ssize(open_) >= kMaxJsonDepth) return false;
    open_.push_back(place(std::move(value)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  RowNumbers numbers_;
  bool loses_digits_ = false;
  Json& root_;
  std::vector<Json*> open_;
  std::string key_;
};

}  // namespace

std::string try_parse_row(std::string_view text, RowNumbers numbers, Json& value, bool& loses_digits) {
  Builder builder(numbers, value);
  const bool is_well_formed = Json::sax_parse(text.begin(), text.end(), &builder);
  loses_digits = builder.loses_digits();
  if (is_well_formed) return "";
  // What is wrong, in the words of io/json.h.
  return try_parse_json(text, value);
}

std::string dump_row(const Json& row) {
  std::string text = row.dump();
  for (size_t at = text.find(kEscapedMark); at != std::string::npos; at = text.find(kEscapedMark, at + 1)) {
    // Only behind the quote that opens a value: not inside of one, and not of a key.
    if (at == 0 || text[at - 1] != '"' || (at > 1 && text[at - 2] == '\\')) continue;
    const size_t begin = at + kEscapedMark.size(), end = text.find('"', begin);
    if (text.compare(begin, kEscapedMark.size(), kEscapedMark) == 0) {
      text.erase(at, kEscapedMark.size());
    } else if (end + 1 == text.size() || text[end + 1] != ':') {
      text.replace(at - 1, end + 2 - at, text.substr(begin, end - begin));
    }
  }
  return text;
}

}  // namespace rondo::io
