// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/data_split.h"

#include <algorithm>
#include <cmath>

#include "rondo/data/group_merge.h"
#include "rondo/data/prompt_identity.h"

namespace rondo::data {
namespace {

constexpr int64_t kProgressGroups = 1024;

bool is_test(const Hash128& identity, const SplitOptions& options) {
  std::string bytes = std::to_string(options.seed) + ":";
  bytes.append(reinterpret_cast<const char*>(identity.data()), sizeof(identity));
  // 53 bits, the width of a double: uniform in [0, 1).
  return std::ldexp(static_cast<double>(hash128(bytes)[0] >> 11U), -53) < options.test_fraction;
}

class Splitter {
 public:
  using Sink = std::function<void(const Group&)>;
  Splitter(const SplitOptions& options, const Sink& train, const Sink& test)
      : options_(options), train_(train), test_(test) {}

  void add(const Group& group) {
    if (!options_.by_response) return give(group, is_test_prompt(group.prompt, options_));
    const Hash128 prompt = prompt_identity(group.prompt);
    std::vector<bool> in_test;
    for (const Message& response : group.responses) {
      const Hash128 own = response_identity(response);
      in_test.push_back(is_test({prompt[0] ^ own[0], prompt[1] ^ own[1]}, options_));
    }
    size_t kept = 0;
    for (const bool test : {false, true}) {
      std::vector<bool> in_side = in_test;
      if (!test) in_side.flip();
      const Group side = part_of(group, std::vector<bool>(group.rows.size(), true), in_side);
      kept += side.comparisons.size();
      if (side.responses.empty()) continue;
      if (side.comparisons.empty()) {
        ++report_.dropped_groups;
      } else {
        give(side, test);
      }
    }
    report_.dropped_comparisons += static_cast<int64_t>(group.comparisons.size() - kept);
  }

  SplitReport finish() {
    for (auto* texts : {&texts_of_train_, &texts_of_test_}) {
      std::sort(texts->begin(), texts->end());
      texts->erase(std::unique(texts->begin(), texts->end()), texts->end());
    }
    std::vector<uint64_t> shared;
    std::set_intersection(texts_of_train_.begin(), texts_of_train_.end(), texts_of_test_.begin(), texts_of_test_.end(),
                          std::back_inserter(shared));
    report_.shared_texts = static_cast<int64_t>(shared.size());
    return report_;
  }

 private:
  void give(const Group& group, bool test) {
    SplitPart& part = test ? report_.test : report_.train;
    ++part.groups;
    part.responses += static_cast<int64_t>(group.responses.size());
    part.comparisons += static_cast<int64_t>(group.comparisons.size());
    auto& texts = test ? texts_of_test_ : texts_of_train_;
    for (const Message& response : group.responses) texts.push_back(response_identity(response)[0]);
    (test ? test_ : train_)(group);
  }

  const SplitOptions& options_;
  const Sink& train_;
  const Sink& test_;
  SplitReport report_;
  // Eight bytes per response rather than the texts; two different texts of a million meet once in 30 million runs.
  std::vector<uint64_t> texts_of_train_;
  std::vector<uint64_t> texts_of_test_;
};

}  // namespace

bool is_test_prompt(const Prompt& prompt, const SplitOptions& options) {
  return is_test(prompt_identity(prompt), options);
}

SplitReport split_groups(const GroupStore& store, const SplitOptions& options,
                         const std::function<void(const Group&)>& train,
                         const std::function<void(const Group&)>& test) {
  Splitter splitter(options, train, test);
  for (int64_t i = 0; i < store.size(); ++i) {
    splitter.add(store.group(i));
    if (i % kProgressGroups == 0) options.progress(i, store.size(), "groups split");
  }
  return splitter.finish();
}

}  // namespace rondo::data
