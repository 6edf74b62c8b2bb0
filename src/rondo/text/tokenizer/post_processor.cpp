// SPDX-License-Identifier: Apache-2.0
#include "rondo/text/tokenizer/post_processor.h"

#include <initializer_list>
#include <utility>

namespace rondo::text {
namespace {

using Part = TemplatePart;

// The texts, each with what has been put around it. A post-processor changes the lists; a template makes a list of
// every element, so that what follows it sees those. In the end they are joined.
using PartLists = std::vector<std::vector<Part>>;

void apply(const Json& fields, int depth, PartLists& texts);

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

std::vector<Part> joined(std::initializer_list<std::vector<Part>> lists) {
  std::vector<Part> result;
  for (const std::vector<Part>& list : lists) result.insert(result.end(), list.begin(), list.end());
  return result;
}

void set_type(std::vector<Part>& parts, int32_t type_id) {
  for (Part& part : parts) part.type_id = type_id;
}

void byte_level(const Json&, int, PartLists&) {}

void bert(const Json& fields, int, PartLists& texts) {
  const Part cls{Part::kToken, read_named_id(fields, "cls"), 0}, sep{Part::kToken, read_named_id(fields, "sep"), 0};
  const Part second_sep{Part::kToken, sep.id, 1};
  for (size_t i = 0; i < texts.size(); ++i)
    texts[i] = i == 0 ? joined({{cls}, texts[i], {sep}}) : joined({texts[i], {second_sep}});
}

// RoBERTa has two separators between the texts, and no types.
void roberta(const Json& fields, int, PartLists& texts) {
  const Part cls{Part::kToken, read_named_id(fields, "cls"), 0}, sep{Part::kToken, read_named_id(fields, "sep"), 0};
  for (size_t i = 0; i < texts.size(); ++i) {
    set_type(texts[i], 0);
    texts[i] = joined({{i == 0 ? cls : sep}, texts[i], {sep}});
  }
}

// One element of a template applied to the texts.
std::vector<Part> read_part(const Json& item, const Json& tokens, PartLists& texts) {
  if (item.contains("Sequence")) {
    const Json& sequence = item.at("Sequence");
    const size_t index = field<std::string>(sequence, "id") == "A" ? 0 : 1;
    if (index >= texts.size())
      throw ModelError("tokenizer is malformed: post_processor: the template for one text names a second; use A");
    set_type(texts[index], field_or<int32_t>(sequence, "type_id", 0));
    return texts[index];
  }
  const auto special = field<Json>(item, "SpecialToken");
  const auto name = field<std::string>(special, "id");
  if (!tokens.contains(name))
    throw ModelError("tokenizer is malformed: post_processor: special token '" + name +
                     "' has no ids; add it to special_tokens");
  std::vector<Part> parts;
  for (const Json& id : field<Json>(tokens.at(name), "ids"))
    parts.push_back({Part::kToken, read_id(id), field_or<int32_t>(special, "type_id", 0)});
  return parts;
}

void template_processing(const Json& fields, int, PartLists& texts) {
  if (texts.size() > 2)
    throw ModelError("tokenizer is not supported: post_processor: a template after a template; join the two");
  const auto tokens = field_or<Json>(fields, "special_tokens", Json::object());
  PartLists result;
  for (const Json& item : field<Json>(fields, texts.size() == 1 ? "single" : "pair"))
    result.push_back(read_part(item, tokens, texts));
  texts = std::move(result);
}

void sequence(const Json& fields, int depth, PartLists& texts) {
  for (const Json& member : field<Json>(fields, "processors")) apply(member, depth + 1, texts);
}

struct Row {
  const char* type;
  void (*apply)(const Json& fields, int depth, PartLists& texts);
};

constexpr Row kRows[] = {
    {"BertProcessing", &bert},
    {"ByteLevel", &byte_level},
    {"RobertaProcessing", &roberta},
    {"Sequence", &sequence},
    {"TemplateProcessing", &template_processing},
};

void apply(const Json& fields, int depth, PartLists& texts) {
  if (depth > kMaxComponentDepth)
    throw ModelError("tokenizer is malformed: post_processor: nested too deep; flatten its sequences");
  const auto type = field<std::string>(fields, "type");
  std::vector<std::string> known;
  for (const Row& row : kRows) {
    if (type == row.type) return row.apply(fields, depth, texts);
    known.emplace_back(row.type);
  }
  throw ModelError("tokenizer is not supported: " + unknown_name_message("post-processor", type, known));
}

std::vector<Part> flat(const PartLists& texts) {
  std::vector<Part> parts;
  for (const std::vector<Part>& list : texts) parts.insert(parts.end(), list.begin(), list.end());
  return parts;
}

constexpr Part kFirst{Part::kFirst, -1, 0}, kSecond{Part::kSecond, -1, 1};

}  // namespace

PostTemplate plain_template() { return {.single = {kFirst}, .pair = {kFirst, kSecond}}; }

PostTemplate read_post_processor(const Json& fields) {
  PartLists one = {{kFirst}}, two = {{kFirst}, {kSecond}};
  apply(fields, 0, one);
  apply(fields, 0, two);
  return {.single = flat(one), .pair = flat(two)};
}

}  // namespace rondo::text
