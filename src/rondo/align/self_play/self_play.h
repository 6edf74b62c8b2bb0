// SPDX-License-Identifier: Apache-2.0
// Self-play: sample from the policy, judge once at linear cost, move the policy, again.
//
//   OUT/iteration-001/labels.jsonl      of the latest samples, where the judge is refreshed
//                     judge/            the refreshed judge
//                     samples.jsonl     responses of the iterate before (iteration 0 is the base policy)
//                     judged.safetensors  what the judge said
//                     log_probs/        of fixed policies on these samples, named by the content of both
//                     policy/           the new iterate, with its metrics.jsonl
//                     contest.jsonl     its responses to the evaluation prompts
//                     manifest.json     what was made from what, statistics, win rates; written last
//
// Every file appears whole or not at all, and a stage whose file is there is not repeated: a run that dies at any
// moment goes on to the same bits. Nothing is carried from one iteration to the next but files.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "rondo/align/self_play/config.h"
#include "rondo/align/self_play/contest.h"
#include "rondo/align/self_play/judge.h"
#include "rondo/align/self_play/refresh.h"
#include "rondo/align/self_play/samples.h"

namespace rondo::align {

/// What judges and referees read in place of the sampled text: the plan that it stands for, its last number, the output
/// of the program that it is. As many responses, in the same order.
using Answers = std::function<std::vector<JudgedTexts>(std::span<const JudgedTexts>)>;

/// Everything that is opened outside.
struct SelfPlayInput {
  AlignConfig config;
  std::vector<PolicyPrompt> prompts;
  std::vector<PolicyPrompt> eval_prompts;
  const model::Reader* policy = nullptr;  // config.policy, opened
  const model::Reader* judge = nullptr;   // config.judge, opened
  nlohmann::json rondo;  // what config.json of the iterates keeps beside the weights: text policy, version, training
  std::vector<NamedReferee> referees;  // beside the judge; the last one labels samples for a refreshed judge
  Answers answers;                     // empty: the text itself is judged
  data::TokenSource* judge_pool = nullptr;
  std::string spool_folder;
  at::Device device = at::kCPU;
};

/// Thrown by referees and answers where the user ended the run while they were asked.
class Interrupted {};

struct SelfPlayHooks {
  LogSink log = silent_log();
  ProgressSink progress = silent_progress();
  /// Asked between batches and steps: true ends the run in a state that can be continued.
  std::function<bool()> should_stop = [] { return false; };
};

struct SelfPlayResult {
  std::vector<nlohmann::json> iterations;  // manifests
  bool interrupted = false;
};

/// Runs what is missing of config.iterations in config.out. Throws ConfigError on contradictions (one response a
/// prompt, an unknown magnet), DataError where nothing can be learnt or a number is not finite.
SelfPlayResult run_self_play(const SelfPlayInput& input, const SelfPlayHooks& hooks);

}  // namespace rondo::align
