// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/self_play/samples.h"

#include "rondo/align/policy/log_probs.h"
#include "rondo/base/error.h"
#include "rondo/generate/rows.h"
#include "rondo/io/atomic_file.h"
#include "rondo/text/text_rows.h"

namespace rondo::align {

using Json = nlohmann::ordered_json;

std::vector<PolicyPrompt> read_prompts(const std::string& path, const text::TextEncoder& encoder) {
  std::vector<PolicyPrompt> prompts;
  text::for_each_line(path, [&](const Json& row) {
    Prompt prompt = text::prompt_of(row);
    std::vector<int32_t> ids = encoder.encode_prompt(prompt);
    prompts.push_back({row, std::move(prompt), std::move(ids)});
  });
  if (prompts.empty()) throw DataError("no prompts: " + path + ": the file has no rows");
  return prompts;
}

void write_samples(const std::filesystem::path& path, const std::vector<PolicyPrompt>& prompts,
                   const Samples& samples) {
  io::AtomicFile file(path);
  for (size_t p = 0; p < prompts.size(); ++p) {
    const Json row = generate::response_row(prompts[p].row, samples[p], /*with_ids=*/true);
    file.write(row.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  }
  file.commit();
}

Samples read_samples(const std::filesystem::path& path, size_t prompts) {
  Samples samples;
  text::for_each_line(path.string(), [&](const Json& row) { samples.push_back(generate::responses_of(row)); });
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
