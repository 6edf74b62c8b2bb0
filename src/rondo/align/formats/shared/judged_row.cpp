// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/formats/shared/judged_row.h"

#include <ATen/TensorOperators.h>

#include <algorithm>

#include "rondo/core/numbers.h"
#include "rondo/data/group_writer.h"

namespace rondo::align::formats {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

bool Verdict::is_whole() const {
  const size_t count = mean_scores.size();
  const auto is_square = [&](const NumberTable& table) {
    return table.size() == count &&
           std::all_of(table.begin(), table.end(), [&](const auto& row) { return row.size() == count; });
  };
  return is_square(scores) && is_square(probabilities) && mean_log_odds.size() == count &&
         mean_probabilities.size() == count && (rewards.size() == count || (rewards.empty() && !is_scalar)) &&
         best >= 0 && best < size() && worst >= 0 && worst < size();
}

Verdict verdict_of(const JudgedGroup& judged) {
  const double tau = judged.judgement.tau;
  return {.tau = tau,
          .is_scalar = judged.is_scalar,
          .scores = to_number_rows(judged.judgement.scores_KK),
          .probabilities = to_number_rows(judged.probabilities_KK),
          .mean_scores = to_numbers(judged.mean_log_odds_K * tau),
          .mean_log_odds = to_numbers(judged.mean_log_odds_K),
          .mean_probabilities = to_numbers(judged.mean_probabilities_K),
          .rewards = judged.rewards_K.defined() ? to_numbers(judged.rewards_K) : std::vector<double>(),
          .best = judged.best,
          .worst = judged.worst};
}

Json to_json(const Verdict& v) {
  return {{"tau", v.tau},
          {"is_scalar", v.is_scalar},
          {"scores", v.scores},
          {"probabilities", v.probabilities},
          {"mean_scores", v.mean_scores},
          {"mean_log_odds", v.mean_log_odds},
          {"mean_probabilities", v.mean_probabilities},
          {"rewards", v.rewards},
          {"best", v.best},
          {"worst", v.worst}};
}

Verdict verdict_from_json(const Json& json) {
  return {.tau = json.at("tau"),
          .is_scalar = json.at("is_scalar"),
          .scores = json.at("scores").get<NumberTable>(),
          .probabilities = json.at("probabilities").get<NumberTable>(),
          .mean_scores = json.at("mean_scores").get<std::vector<double>>(),
          .mean_log_odds = json.at("mean_log_odds").get<std::vector<double>>(),
          .mean_probabilities = json.at("mean_probabilities").get<std::vector<double>>(),
          .rewards = json.at("rewards").get<std::vector<double>>(),
          .best = json.at("best"),
          .worst = json.at("worst")};
}

Json prompt_messages_json(const Group& group) {
  Json messages = Json::array();
  if (group.prompt.is_plain) messages.push_back({{"role", "user"}, {"content", group.prompt.text}});
  for (const Message& message : group.prompt.messages) messages.push_back(data::message_json(message));
  return messages;
}

Json conversation_json(const Group& group, int64_t response) {
  Json messages = prompt_messages_json(group);
  messages.push_back(data::message_json(group.responses[static_cast<size_t>(response)]));
  return messages;
}

}  // namespace rondo::align::formats
