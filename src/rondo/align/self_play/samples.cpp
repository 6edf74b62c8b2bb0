// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/self_play/samples.h"

#include "rondo/align/policy/log_probs.h"
#include "rondo/base/error.h"
#include "rondo/data/group_writer.h"
#include "rondo/data/prompt_rows.h"
#include "rondo/generate/rows.h"
#include "rondo/io/atomic_file.h"

namespace rondo::align {

using Json = nlohmann::ordered_json;

std::vector<PolicyPrompt> read_prompts(const std::string& path, const text::TextEncoder& encoder) {
  std::vector<PolicyPrompt> prompts;
  data::for_each_row(path, [&](const Json& row) {
    Prompt prompt = data::unlabelled_row(row).prompt;
    std::vector<int32_t> ids = encoder.encode_prompt(prompt);
    Json prompt_row = data::prompt_row(row, prompt);
    prompts.push_back({std::move(prompt_row), std::move(prompt), std::move(ids)});
  });
  if (prompts.empty()) throw DataError("no prompts: " + path + ": the file has no rows");
  return prompts;
}

std::string sample_line(const PolicyPrompt& prompt, const std::vector<generate::GeneratedResponse>& responses) {
  return generate::response_row(prompt.row, responses, /*with_ids=*/true)
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

void write_samples(const std::filesystem::path& path, const std::vector<PolicyPrompt>& prompts,
                   const Samples& samples) {
  io::AtomicFile file(path);
  for (size_t p = 0; p < prompts.size(); ++p) {
    file.write(sample_line(prompts[p], samples[p]) + "\n");
  }
  file.commit();
}

Samples read_samples(const std::filesystem::path& path, size_t prompts) {
  if (!std::filesystem::is_regular_file(path))
    throw DataError("cannot read samples: " + path.string() + ": not a file; remove it, and it is made again");
  Samples samples;
  data::for_each_row(path.string(), [&](const Json& row) { samples.push_back(generate::responses_of(row)); });
  if (samples.size() != prompts) {
    throw DataError("samples of other prompts: " + path.string() + ": " + std::to_string(samples.size()) +
                    " rows for " + std::to_string(prompts) + " prompts; did the prompt file change?");
  }
  return samples;
}

std::vector<TokenGroup> policy_groups(const std::vector<PolicyPrompt>& prompts, const Samples& samples) {
  std::vector<TokenGroup> groups;
  for (size_t p = 0; p < prompts.size(); ++p) {
    std::vector<std::vector<int32_t>> ids;
    for (const generate::GeneratedResponse& r : samples[p]) ids.push_back(r.ids);
    groups.push_back(policy_group(prompts[p].ids, ids));
  }
  return groups;
}

}  // namespace rondo::align
