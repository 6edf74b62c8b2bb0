// SPDX-License-Identifier: Apache-2.0
#include "rondo/align/formats/shared/json_lines.h"

#include "rondo/io/row_json.h"
#include "rondo/io/text_writer.h"

namespace rondo::align::formats {
namespace {

using Json = nlohmann::ordered_json;
using RowOf = Json (*)(const JudgedRow& judged, const FormatOptions& options);

class JsonLines : public FormatWriter {
 public:
  JsonLines(const FormatOptions& options, RowOf row_of, bool has_digits)
      : options_(options), row_of_(row_of), has_digits_(has_digits), writer_(options.out) {}

  void write(const JudgedRow& judged) override {
    const Json row = row_of_(judged, options_);
    if (!row.is_null()) writer_.write((has_digits_ ? io::dump_row(row) : row.dump()) + "\n");
  }
  void commit() override { writer_.commit(); }

 private:
  FormatOptions options_;
  RowOf row_of_;
  bool has_digits_;
  io::TextWriter writer_;
};

}  // namespace

std::unique_ptr<FormatWriter> open_json_lines(const FormatOptions& options, RowOf row_of, bool has_digits) {
  return std::make_unique<JsonLines>(options, row_of, has_digits);
}

}  // namespace rondo::align::formats
