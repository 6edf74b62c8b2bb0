// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/regex/pattern.h"

namespace rondo::text {

Pattern::Pattern(const Json& fields) {
  if (fields.is_string()) {
    literal_ = fields.get<std::string>();
  } else if (fields.contains("String")) {
    literal_ = field<std::string>(fields, "String");
  } else if (fields.contains("Regex")) {
    regex_.emplace(field<std::string>(fields, "Regex"));
  } else {
    throw ModelError("tokenizer is malformed: field 'pattern': neither String nor Regex; write one of the two");
  }
}

void Pattern::find_all(std::string_view text, std::vector<TextSpan>& matches) const {
  if (regex_) {
    regex_->find_all(text, matches);
    return;
  }
  if (literal_.empty()) return;
  for (size_t pos = text.find(literal_); pos != std::string_view::npos;
       pos = text.find(literal_, pos + literal_.size())) {
    matches.push_back({static_cast<uint32_t>(pos), static_cast<uint32_t>(pos + literal_.size())});
  }
}

std::string Pattern::replace_all(std::string_view text, std::string_view content) const {
  std::vector<TextSpan> matches;
  find_all(text, matches);
  std::string out;
  size_t done = 0;
  for (const TextSpan& match : matches) {
    out += text.substr(done, match.begin - done);
    out += content;
    done = match.end;
  }
  out += text.substr(done);
  return out;
}

}  // namespace rondo::text
