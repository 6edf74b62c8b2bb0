// SPDX-License-Identifier: Apache-2.0
#include "rondo/runs/dump_tokens.h"

#include "rondo/io/text_writer.h"
#include "rondo/rank/reply.h"
#include "rondo/runs/row_order.h"

namespace rondo::runs {

void dump_tokens(data::TokenStore& store, const std::string& path) {
  io::TextWriter out(path);
  RowOrder lines([&out](const nlohmann::ordered_json& line) { out.write(line.dump() + "\n"); });
  const rank::ReplyParts parts({"token_ids"});
  for (int64_t g = 0; g < store.size(); ++g) {
    const auto group = store.get(g);
    for (const SourceRow& row : store.groups().rows(g)) {
      nlohmann::ordered_json line = {{"id", row.id}, {"token_ids", nlohmann::ordered_json::array()}};
      std::vector<int64_t> places = group->places_of(row);
      std::erase(places, -1);
      rank::add_tokens(*group, places, parts, line);
      lines.add(row.number, std::move(line));
    }
  }
  out.commit();
}

}  // namespace rondo::runs
