// SPDX-License-Identifier: Apache-2.0
// Config structs describe their own fields; flags, --config files, help pages and the resolved config stored in every
// checkpoint are all made from that one description.
//
//   struct TrainConfig { double lr = 1e-3; std::string loss = "cross_entropy"; };
//   void describe(FieldVisitor& v, TrainConfig& c) {
//     v.number("lr", c.lr, "peak learning rate, reached after warm-up", 0.0, 1.0);
//     v.text("loss", c.loss, "name of a row in the losses table");
//   }
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace rondo {

/// What a walk over the fields of a config can do: bind to flags, print, read from JSON, write to JSON.
/// Names are snake_case; a flag is the dashed form.
class FieldVisitor {
 public:
  virtual ~FieldVisitor() = default;
  virtual void number(const char* name, double& value, const char* help, double low, double high) = 0;
  virtual void integer(const char* name, int64_t& value, const char* help, int64_t low, int64_t high) = 0;
  virtual void boolean(const char* name, bool& value, const char* help) = 0;
  virtual void text(const char* name, std::string& value, const char* help) = 0;
  /// One of a fixed list of names.
  virtual void choice(const char* name, std::string& value, const char* help,
                      const std::vector<std::string>& known) = 0;
  /// A flag that may be given several times or with several values.
  virtual void texts(const char* name, std::vector<std::string>& values, const char* help) = 0;
};

/// Throws ConfigError naming the field where its value is empty.
void require_field(const std::string& value, const char* field);

inline constexpr int64_t kManyRows = std::numeric_limits<int64_t>::max();

}  // namespace rondo
