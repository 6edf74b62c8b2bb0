// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/formats/shared/json_lines.h"

#include "rondo/io/text_writer.h"

namespace rondo::align::formats {
namespace {

using Json = nlohmann::ordered_json;
using RowOf = Json (*)(const JudgedRow& judged, const FormatOptions& options);

class JsonLines : public FormatWriter {
 public:
  JsonLines(const FormatOptions& options, RowOf row_of) : options_(options), row_of_(row_of), writer_(options.out) {}

  void write(const JudgedRow& judged) override {
    const Json row = row_of_(judged, options_);
    if (!row.is_null()) writer_.write(row.dump() + "\n");
  }
  void commit() override { writer_.commit(); }

 private:
  FormatOptions options_;
  RowOf row_of_;
  io::TextWriter writer_;
};

}  // namespace

std::unique_ptr<FormatWriter> open_json_lines(const FormatOptions& options, RowOf row_of) {
  return std::make_unique<JsonLines>(options, row_of);
}

}  // namespace rondo::align::formats
