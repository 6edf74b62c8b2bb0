// SPDX-License-Identifier: Apache-2.0
#include "rondo/runs/run.h"

#include <limits>

#include "rondo/base/device.h"
#include "rondo/io/config_json.h"

namespace rondo::runs {

constexpr int64_t kMostThreads = 4096;
constexpr int64_t kMostTokens = int64_t{1} << 31;

void describe(FieldVisitor& v, Process& c) {
  v.integer("threads", c.threads, "compute threads; 0 = all cores", 0, kMostThreads);
  v.integer("seed", c.seed, "seed of everything random", std::numeric_limits<int64_t>::min(),
            std::numeric_limits<int64_t>::max());
  v.text("base", c.base, "folder of an adapter's base model; empty = as its adapter_config.json says");
}

void describe_device(FieldVisitor& v, std::string& device) {
  v.text("device", device, "where to compute: cpu, cuda, or cuda:N");
}

void describe_dtype(FieldVisitor& v, std::string& dtype) {
  v.choice("dtype", dtype, "type of the backbone's weights; empty = as stored", float_type_names());
}

void describe_batches(FieldVisitor& v, int64_t& token_budget, bool& deterministic) {
  v.boolean("deterministic", deterministic, "bit-equal scores whatever the batch; slower");
  v.integer("token_budget", token_budget, "tokens of a forward pass", 1, kMostTokens);
}

nlohmann::ordered_json config_json(const std::function<void(FieldVisitor&)>& describe) {
  io::ConfigWriter writer;
  describe(writer);
  return writer.json();
}

}  // namespace rondo::runs
