// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/json_list_writer.h"

#include <nlohmann/json.hpp>

namespace rondo::io {

void JsonListWriter::write(const nlohmann::ordered_json& element) {
  writer_.write(is_empty_ ? "[\n" : ",\n");
  is_empty_ = false;
  writer_.write(element.dump());
}

void JsonListWriter::commit() {
  writer_.write(is_empty_ ? "[]\n" : "\n]\n");
  writer_.commit();
}

}  // namespace rondo::io
