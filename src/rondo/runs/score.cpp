// SPDX-License-Identifier: Apache-2.0
#include "rondo/runs/score.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "rondo/align/formats/shared/format.h"
#include "rondo/align/formats/shared/response_files.h"
#include "rondo/align/judging/judging.h"
#include "rondo/base/device.h"
#include "rondo/base/error.h"
#include "rondo/data/group_rows.h"
#include "rondo/data/row_shapes.h"
#include "rondo/data/tokenise.h"
#include "rondo/io/part_file.h"
#include "rondo/io/row_json.h"
#include "rondo/runs/open.h"

namespace rondo::runs {
namespace {

namespace formats = align::formats;
using Json = nlohmann::ordered_json;

// Rows that are scored together. Forward passes are cut inside of them, so that a continued run has the bits of one
// that was never interrupted.
constexpr int64_t kRowsTogether = 64;

// What decides the numbers, and so what a continued run must share with its beginning.
void describe_run(FieldVisitor& v, ScoreConfig& c) {
  v.text("model", c.model, "judge: a model directory with a preference head");
  describe(v, c.data);
  v.texts("responses", c.responses,
          "responses_0.json, responses_1.json, ... to the prompts of the data (SPPO, GPM), or their folder");
  describe(v, c.text);
  describe_dtype(v, c.dtype);
  v.choice("diagonal", c.diagonal, "means over the other responses, or with the response itself (as published)",
           {"exclude", "include"});
  v.choice("pair", c.pair, "best and worst by mean score, or by mean probability with the diagonal", align::kPairNames);
  describe_batches(v, c.token_budget, c.deterministic);
}

// A finished row of the part file; `n` counts from 1. Whatever happened to the file, the answer is a sentence.
struct FinishedRow {
  Json row;
  Json spelled;  // io::Row::as_spelled
  formats::Verdict verdict;
};

Json parse_line(const std::string& line, io::RowNumbers numbers) {
  Json value;
  bool loses_digits = false;
  const std::string problem = io::try_parse_row(line, numbers, value, loses_digits);
  return problem.empty() ? value : Json::parse(line);  // throws
}

FinishedRow parse_finished(const std::string& line, const std::string& out, int64_t n) {
  const auto damaged = [&](const char* what) {
    return DataError(fmt::format("cannot continue: {}.part: row {} is damaged: {}; remove the file", out, n, what));
  };
  try {
    Json json = parse_line(line, io::RowNumbers::kValues), spelled = parse_line(line, io::RowNumbers::kDigits);
    FinishedRow finished{.row = std::move(json.at("row")),
                         .spelled = std::move(spelled.at("row")),
                         .verdict = formats::verdict_from_json(json.at("judged"))};
    if (!finished.verdict.is_whole()) throw damaged("numbers are missing");
    return finished;
  } catch (const Json::exception& error) {
    throw damaged(error.what());
  }
}

struct Item {
  data::GroupRow source;
  TokenGroup tokens;
};

// Rows with their tokens; over-long ones go as --overlong says, where `drop` takes the whole row: a mean over the
// responses that are left would be another number.
class Items {
 public:
  Items(const ScoreConfig& config, const model::Reader& reader)
      : encoder_(reader.encoder()),
        options_{.max_length = config.data.max_length > 0 ? config.data.max_length : reader.max_length(),
                 .overlong = config.data.overlong,
                 .needs_gate = reader.model().needs_gate()},
        unknown_(data::unknown_token(reader.encoder().tokenizer())),
        rows_(read_options(config.data), open_rows(config)) {}

  std::optional<Item> next() {
    while (auto source = rows_.next()) {
      const std::string place = fmt::format("{}: row {}", source->row.file, source->row.number);
      data::Overlong overlong;
      TokenGroup tokens = data::token_group(source->group, encoder_, options_, place, overlong);
      data::count_tokens(tokens, overlong, unknown_, report_);
      if (overlong.dropped > 0) {
        ++dropped_;
        continue;
      }
      return Item{.source = *std::move(source), .tokens = std::move(tokens)};
    }
    return std::nullopt;
  }

  const data::TokenReport& tokens() const { return report_; }
  int64_t bad_rows() const { return rows_.report().bad_rows; }
  int64_t dropped_rows() const { return dropped_; }

 private:
  static data::ReadOptions read_options(const data::DataOptions& flags) {
    return {.files = flags.data, .renames = flags.rename, .max_bad = flags.max_bad, .allow_unlabelled = true};
  }
  static std::unique_ptr<io::RowReader> open_rows(const ScoreConfig& config) {
    auto rows = io::open_rows(config.data.data);
    return config.responses.empty() ? std::move(rows) : formats::join_responses(std::move(rows), config.responses);
  }

  const text::TextEncoder& encoder_;
  data::TokenOptions options_;
  std::optional<int32_t> unknown_;
  data::GroupRows rows_;
  data::TokenReport report_;
  int64_t dropped_ = 0;
};

class Scoring {
 public:
  Scoring(const ScoreConfig& config, const model::Reader& reader, io::PartFile& part, const Hooks& hooks)
      : config_(config), reader_(reader), part_(part), hooks_(hooks), items_(config, reader) {}

  /// All rows, or as many as there was time for; says whether it was all.
  bool run() {
    begin_behind_finished();
    bool is_more = true;
    while (is_more && !hooks_.should_stop()) {
      while (is_more && static_cast<int64_t>(together_.size()) < kRowsTogether) {
        auto item = items_.next();
        is_more = item.has_value();
        if (item) together_.push_back(*std::move(item));
      }
      score_together();
    }
    return !is_more;
  }

  const Items& items() const { return items_; }
  const model::ScoringCost& cost() const { return cost_; }

 private:
  // Finished rows must be the rows of the data. Those of the last, incomplete lot are scored again.
  void begin_behind_finished() {
    if (part_.finished() == 0) return;
    hooks_.log(LogLevel::kInfo, fmt::format("continuing behind {} finished rows", part_.finished()));
    const int64_t whole_lots = part_.finished() - part_.finished() % kRowsTogether;
    int64_t n = 0;
    part_.for_each([&](const std::string& line) {
      const Json finished = parse_finished(line, config_.out, ++n).row;
      auto item = items_.next();
      if (!item || item->source.row.object != finished) {
        throw ConfigError(
            fmt::format("another run was interrupted here: {}.part: its row {} is not that of the data; "
                        "name the same data, or remove the file",
                        config_.out, n));
      }
      if (n > whole_lots) together_.push_back(*std::move(item));
    });
    index_ = whole_lots;
  }

  void score_together() {
    if (together_.empty()) return;
    std::vector<const TokenGroup*> groups;
    for (const Item& item : together_) groups.push_back(&item.tokens);
    const model::ScoringOptions options{.token_budget = config_.token_budget, .deterministic = config_.deterministic};
    const std::vector<PreferenceTable> tables = model::score_groups(reader_.model(), groups, options, cost_);
    for (size_t k = 0; k < tables.size(); ++k, ++index_) {
      if (index_ < part_.finished()) continue;
      const TokenGroup& tokens = together_[k].tokens;
      const Json verdict = verdict_json(together_[k], tables[k].of_responses(tokens.places));
      const io::Row& row = together_[k].source.row;
      const Json line{{"row", row.as_spelled()}, {"judged", verdict}};
      // Without digits to keep, a text may look like a spelled number.
      part_.add(row.spelled.is_null() ? line.dump() : io::dump_row(line));
    }
    together_.clear();
    hooks_.progress(index_, 0, "scoring");
  }

  Json verdict_json(const Item& item, const PreferenceTable& table) const {
    const align::JudgeOptions options{.mean = config_.diagonal == "include" ? "with_self" : "leave_one_out",
                                      .pair = config_.pair,
                                      .is_ordered = config_.deterministic};
    try {
      return formats::to_json(formats::verdict_of(align::judge(table, reader_.tau(), options)));
    } catch (const ModelError& error) {
      throw ModelError(fmt::format("{}: row {}: {}", item.source.row.file, item.source.row.number, error.what()));
    }
  }

  const ScoreConfig& config_;
  const model::Reader& reader_;
  io::PartFile& part_;
  const Hooks& hooks_;
  Items items_;
  std::vector<Item> together_;
  int64_t index_ = 0;
  model::ScoringCost cost_;
};

// The rows of the part file in the format that was asked for.
void publish(const ScoreConfig& config, io::PartFile& part, ScoreResult& result) {
  const auto writer = formats::format_by_name(config.format)
                          .open({.out = config.out,
                                 .has_scores = config.with_scores,
                                 .is_published = config.as_published,
                                 .has_responses = config.responses.empty()});
  int64_t n = 0;
  part.for_each([&](const std::string& line) {
    FinishedRow finished = parse_finished(line, config.out, ++n);
    const formats::JudgedRow judged{.row = std::move(finished.spelled),
                                    .group = data::read_row(data::shape_of(finished.row), finished.row),
                                    .verdict = std::move(finished.verdict)};
    result.responses += judged.verdict.size();
    result.even += judged.verdict.is_even();
    try {
      writer->write(judged);
    } catch (const DataError& error) {
      throw DataError(fmt::format("cannot write format {}: row {}: {}", config.format, n, error.what()));
    }
  });
  writer->commit();
}

ScoreConfig checked(ScoreConfig config) {
  require_field(config.model, "model");
  if (config.data.data.empty()) throw ConfigError("no data: `data`: name at least one file");
  require_field(config.out, "out");
  if (config.out == "-") throw ConfigError("no file: `out` -: scores are continued from OUT.part; name a file");
  while (config.out.size() > 1 && config.out.ends_with('/')) config.out.pop_back();  // OUT.part lies beside it
  return config;
}

}  // namespace

void describe(FieldVisitor& v, ScoreConfig& c) {
  describe_run(v, c);
  v.text("out", c.out, "file, or folder for formats of several files; unfinished work stays in OUT.part");
  v.choice("format", c.format, "what is written; `rondo list formats` explains", formats::format_names());
  v.boolean("with_scores", c.with_scores, "format rondo: the K x K scores as well");
  v.boolean(
      "as_published", c.as_published,
      "sppo: probabilities of differences of mean scores; gpm: doubled scores; as the published scripts make them");
  describe_device(v, c.device);
}

ScoreResult score(const ScoreConfig& given, const Hooks& hooks) {
  ScoreConfig config = checked(given);
  use_threads(config.process.threads);
  const at::Device device = open_device(config.device);
  const model::Reader reader =
      open_reader(config.model, {.load = {.dtype = float_type(config.dtype), .device = device}, .text = config.text},
                  config.process, hooks);
  const auto run = config_json([&config](FieldVisitor& v) { describe_run(v, config); });
  io::PartFile part(config.out + ".part", {{"run", run}, {"weights", model::weights_hash(reader.model())}});
  Scoring scoring(config, reader, part, hooks);
  ScoreResult result{.interrupted = !scoring.run()};
  result.rows = part.finished();
  if (result.interrupted) return result;
  publish(config, part, result);
  part.remove();
  log_notes(data::token_notes(scoring.items().tokens(), config.data.overlong), hooks.log);
  result.bad_rows = scoring.items().bad_rows();
  result.dropped_rows = scoring.items().dropped_rows();
  result.cost = scoring.cost();
  return result;
}

}  // namespace rondo::runs
