// SPDX-License-Identifier: Apache-2.0
// rondo tokenize: what a model's tokenizer makes of texts and conversations, as rows for programs or explained for
// people.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/rondo/cli.h"
#include "apps/rondo/explain.h"
#include "rondo/base/error.h"
#include "rondo/data/prompt_rows.h"
#include "rondo/data/row_shapes.h"
#include "rondo/io/atomic_file.h"
#include "rondo/model/text_policy.h"

namespace rondo::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string model;
  std::string data;
  std::string out;
  std::string text;
  std::string response;
  bool explains = false;
  model::TextOverrides policy;
};

Json tokenize_row(const text::Tokenizer& tokenizer, const Json& row) {
  const auto found = row.find("text");
  if (found == row.end() || !found->is_string())
    throw DataError("row is malformed: 'text' is missing or not a text; give {\"text\": ...}");
  const auto special = row.find("add_special_tokens");
  const bool adds = special == row.end() || !special->is_boolean() || special->get<bool>();
  const std::vector<int32_t> ids = tokenizer.encode_ids(found->get<std::string>(), adds);
  Json pieces = Json::array();
  for (const int32_t id : ids) pieces.push_back(tokenizer.token(id));
  return {{"ids", ids}, {"pieces", std::move(pieces)}, {"decoded", tokenizer.decode(ids, false)}};
}

// Rows of single texts show the tokenizer.json itself; conversations are tokenised as models see them.
void write_rows(const Options& options) {
  if (options.out.empty()) throw ConfigError("no place for the rows: --data needs --out FILE (or --explain)");
  const auto tokenizer = text::load_tokenizer(options.model);
  io::AtomicFile out(options.out);
  data::for_each_row(options.data, [&](const Json& row) {
    out.write(tokenize_row(tokenizer, row).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  });
  out.commit();
}

// A row without responses: a last turn of the assistant's answers the turns before it.
void take_response(Group& group) {
  std::vector<Message>& turns = group.prompt.messages;
  if (!turns.empty() && turns.back().role == "assistant") {
    group.responses.push_back(std::move(turns.back()));
    turns.pop_back();
    return;
  }
  print_line("note: nothing answers this prompt, so it is shown with an empty response");
  group.responses.push_back({.role = "assistant", .content = "", .extra_json = ""});
}

void explain_row(const text::TextEncoder& encoder, const Json& row) {
  if (encoder.policy().pairwise != "none") {
    throw ConfigError(
        "--explain shows a prompt and one response, and this model reads two: `rondo rank --with token_ids` prints the "
        "tokens of every pair");
  }
  // Rows that compare nothing are refused by ranking, and here with the same words.
  const data::ShapeEntry* const shape = data::find_shape(row);
  Group group = shape != nullptr && shape->is_refused ? data::read_row(*shape, row) : data::unlabelled_row(row);
  if (group.responses.empty()) take_response(group);
  for (const Message& response : group.responses) explain_response(encoder, group.prompt, response);
}

void run(const Options& options, const std::string& base) {
  if (options.data.empty() == options.text.empty())
    throw ConfigError("nothing to tokenize: give exactly one of --text and --data");
  if (!options.data.empty() && !options.explains) {
    write_rows(options);
  } else if (!options.data.empty()) {
    const text::TextEncoder encoder = model::open_encoder(options.model, options.policy, base);
    data::for_each_row(options.data, [&encoder](const Json& row) { explain_row(encoder, row); });
  } else if (options.explains || !options.response.empty()) {
    explain_row(model::open_encoder(options.model, options.policy, base),
                {{"prompt", options.text}, {"responses", Json::array({options.response})}});
  } else {
    const auto tokenizer = text::load_tokenizer(options.model);
    print_line(tokenize_row(tokenizer, {{"text", options.text}}).dump(-1, ' ', false, Json::error_handler_t::replace));
  }
}

Runner setup(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("--model", options->model, "a model directory with tokenizer.json")->required();
  app.add_option("--data", options->data,
                 "JSONL of {text, add_special_tokens}; with --explain, rows of training data or conversations");
  app.add_option("--out", options->out, "JSONL of {ids, pieces, decoded}");
  app.add_option("--text", options->text, "one text, or the prompt of --response");
  app.add_option("--response", options->response, "the response to --text");
  app.add_flag("--explain", options->explains, "show rendering, tokens, boundaries and where scores are read");
  FlagBinder flags(app);
  describe(flags, options->policy);
  return [options](Session& session) { run(*options, session.process.base); };
}

}  // namespace

constinit const VerbEntry tokenize_entry{
    .name = "tokenize",
    .summary = "show what the tokenizer and template make of texts",
    .setup = &setup,
};

}  // namespace rondo::cli
