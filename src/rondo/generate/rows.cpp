// SPDX-License-Identifier: Apache-2.0
#include "rondo/generate/rows.h"

#include "rondo/base/error.h"

namespace rondo::generate {

using Json = nlohmann::ordered_json;

Json response_row(const Json& prompt_row, const std::vector<GeneratedResponse>& responses, bool with_ids) {
  Json row;
  for (const char* const key : {"id", "prompt", "messages", "tools", "chat_template_kwargs"}) {
    if (prompt_row.contains(key)) row[key] = prompt_row[key];
  }
  for (const char* const key : {"responses", "tokens", "finish_reasons"}) row[key] = Json::array();
  for (const GeneratedResponse& r : responses) {
    row["responses"].push_back(r.text);
    row["tokens"].push_back(r.ids.size());
    row["finish_reasons"].push_back(r.finish);
    if (with_ids) row["response_ids"].push_back(r.ids);
  }
  return row;
}

std::vector<GeneratedResponse> responses_of(const Json& row) {
  std::vector<GeneratedResponse> responses;
  try {
    const Json &texts = row.at("responses"), &ids = row.at("response_ids"), &finish = row.at("finish_reasons");
    for (size_t k = 0; k < texts.size(); ++k) {
      responses.push_back({.ids = ids.at(k).get<std::vector<int32_t>>(), .text = texts[k], .finish = finish.at(k)});
    }
  } catch (const nlohmann::json::exception& error) {
    throw DataError(std::string("a row of sampled responses is damaged: ") + error.what() +
                    "; write it anew with `rondo generate --with-ids`");
  }
  return responses;
}

}  // namespace rondo::generate
