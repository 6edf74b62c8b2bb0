// SPDX-License-Identifier: Apache-2.0
#include "examples/blotto/rows.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "rondo/base/error.h"
#include "rondo/io/atomic_file.h"

namespace blotto {
namespace {

Field field_from(const nlohmann::json& row, int soldiers) {
  Field field;
  field.prompt = row.at("prompt").get<std::string>();
  field.id = row.value("id", "");
  field.rule = parse_prompt(field.prompt, soldiers);
  for (const auto& response : row.at("responses")) {
    field.plans.push_back(parse_plan(response.get<std::string>()));
    if (field.plans.back().size() != field.rule.values.size()) {
      throw rondo::DataError("plan not read: '" + response.get<std::string>() +
                             "': " + std::to_string(field.plans.back().size()) + " castles, the prompt names " +
                             std::to_string(field.rule.values.size()) + "; are plan and prompt of one game?");
    }
  }
  return field;
}

}  // namespace

void write_lines(const std::string& path, const std::vector<std::string>& lines) {
  rondo::io::AtomicFile file(path);
  for (const std::string& line : lines) file.write(line + "\n");
  file.commit();
}

void write_fields(const std::string& path, const std::vector<Field>& fields) {
  rondo::io::AtomicFile file(path);
  for (const Field& field : fields) {
    nlohmann::ordered_json row;
    row["prompt"] = field.prompt;
    for (const Plan& plan : field.plans) row["responses"].push_back(plan_text(plan));
    row["outcomes"] = outcomes(field.rule, field.plans);
    row["id"] = field.id;
    file.write(row.dump() + "\n");
  }
  file.commit();
}

std::vector<Field> read_fields(const std::string& path, int soldiers) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw rondo::DataError("rows not read: " + path + ": cannot be opened; is the path right?");
  std::vector<Field> fields;
  std::string line;
  for (int64_t number = 1; std::getline(file, line); ++number) {
    try {
      fields.push_back(field_from(nlohmann::json::parse(line), soldiers));
    } catch (const std::exception& error) {
      throw rondo::DataError("row not read: " + path + ":" + std::to_string(number) + ": " + error.what());
    }
  }
  return fields;
}

}  // namespace blotto
