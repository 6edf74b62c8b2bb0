// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/post_processor.h"

namespace rondo::text {
namespace {

using Part = TemplatePart;

int32_t read_id(const Json& value) {
  if (!value.is_number_integer() || value.get<int64_t>() < 0 || value.get<int64_t>() > INT32_MAX) {
    throw ModelError(
        "tokenizer is malformed: post_processor: a token id is not a small whole number; is the file damaged?");
  }
  return static_cast<int32_t>(value.get<int64_t>());
}

// ["[SEP]", 102]
int32_t read_named_id(const Json& fields, const char* name) {
  const auto pair = field<Json>(fields, name);
  if (!pair.is_array() || pair.size() != 2)
    throw ModelError(std::string("tokenizer is malformed: post_processor: '") + name +
                     "' is not [token, id]; is the file damaged?");
  return read_id(pair[1]);
}

PostTemplate byte_level(const Json&, int) { return plain_template(); }

PostTemplate bert(const Json& fields, int) {
  const int32_t cls = read_named_id(fields, "cls"), sep = read_named_id(fields, "sep");
  return {.single = {{Part::kToken, cls, 0}, {Part::kFirst, -1, 0}, {Part::kToken, sep, 0}},
          .pair = {{Part::kToken, cls, 0},
                   {Part::kFirst, -1, 0},
                   {Part::kToken, sep, 0},
                   {Part::kSecond, -1, 1},
                   {Part::kToken, sep, 1}}};
}

// RoBERTa has two separators between the texts, and no types.
PostTemplate roberta(const Json& fields, int) {
  const int32_t cls = read_named_id(fields, "cls"), sep = read_named_id(fields, "sep");
  return {.single = {{Part::kToken, cls, 0}, {Part::kFirst, -1, 0}, {Part::kToken, sep, 0}},
          .pair = {{Part::kToken, cls, 0},
                   {Part::kFirst, -1, 0},
                   {Part::kToken, sep, 0},
                   {Part::kToken, sep, 0},
                   {Part::kSecond, -1, 0},
                   {Part::kToken, sep, 0}}};
}

std::vector<Part> read_parts(const Json& list, const Json& tokens) {
  std::vector<Part> parts;
  for (const Json& item : list) {
    if (item.contains("Sequence")) {
      const Json& sequence = item.at("Sequence");
      const bool first = field<std::string>(sequence, "id") == "A";
      parts.push_back({first ? Part::kFirst : Part::kSecond, -1, field_or<int32_t>(sequence, "type_id", 0)});
      continue;
    }
    const auto special = field<Json>(item, "SpecialToken");
    const auto name = field<std::string>(special, "id");
    if (!tokens.contains(name))
      throw ModelError("tokenizer is malformed: post_processor: special token '" + name +
                       "' has no ids; add it to special_tokens");
    for (const Json& id : field<Json>(tokens.at(name), "ids")) {
      parts.push_back({Part::kToken, read_id(id), field_or<int32_t>(special, "type_id", 0)});
    }
  }
  return parts;
}

PostTemplate template_processing(const Json& fields, int) {
  const auto tokens = field_or<Json>(fields, "special_tokens", Json::object());
  return {.single = read_parts(field<Json>(fields, "single"), tokens),
          .pair = read_parts(field<Json>(fields, "pair"), tokens)};
}

// `inner` with its texts replaced by the parts of `outer`'s view of them: outer runs after inner.
std::vector<Part> wrap(const std::vector<Part>& outer, const std::vector<Part>& inner_first,
                       const std::vector<Part>& inner_second) {
  std::vector<Part> result;
  for (const Part& part : outer) {
    if (part.kind == Part::kToken) {
      result.push_back(part);
    } else {
      const auto& inner = part.kind == Part::kFirst ? inner_first : inner_second;
      result.insert(result.end(), inner.begin(), inner.end());
    }
  }
  return result;
}

// Each member takes the texts as the member before left them. All but one of the published sequences hold offsets-only
// members and one template, for which this is exact.
PostTemplate sequence(const Json& fields, int depth) {
  PostTemplate result = plain_template();
  for (const Json& member : field<Json>(fields, "processors")) {
    const PostTemplate next = read_post_processor(member, depth + 1);
    const bool changes = next.single.size() > 1 || next.pair.size() > 2;
    if (!changes) continue;
    PostTemplate merged;
    merged.single = wrap(next.single, result.single, {});
    std::vector<Part> second = result.single;
    for (Part& part : second) part.kind = part.kind == Part::kFirst ? Part::kSecond : part.kind;
    merged.pair = result.pair.size() == 2 ? next.pair : wrap(next.pair, result.single, second);
    result = std::move(merged);
  }
  return result;
}

struct Row {
  const char* type;
  PostTemplate (*read)(const Json&, int);
};

constexpr Row kRows[] = {
    {"BertProcessing", &bert},
    {"ByteLevel", &byte_level},
    {"RobertaProcessing", &roberta},
    {"Sequence", &sequence},
    {"TemplateProcessing", &template_processing},
};

}  // namespace

PostTemplate plain_template() {
  PostTemplate plain;
  plain.single.push_back({Part::kFirst, -1, 0});
  plain.pair.push_back({Part::kFirst, -1, 0});
  plain.pair.push_back({Part::kSecond, -1, 1});
  return plain;
}

PostTemplate read_post_processor(const Json& fields, int depth) {
  if (depth > kMaxComponentDepth)
    throw ModelError("tokenizer is malformed: post_processor: nested too deep; flatten its sequences");
  const auto type = field<std::string>(fields, "type");
  std::vector<std::string> known;
  for (const Row& row : kRows) {
    if (type == row.type) return row.read(fields, depth);
    known.emplace_back(row.type);
  }
  throw ModelError("tokenizer is not supported: " + unknown_name_message("post-processor", type, known));
}

}  // namespace rondo::text
