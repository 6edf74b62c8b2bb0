// SPDX-License-Identifier: Apache-2.0
// rondo data check | convert | split: look at preference data, bring it into canonical rows, divide it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/rondo/cli.h"
#include "apps/rondo/data_flags.h"
#include "apps/rondo/data_report.h"
#include "rondo/base/error.h"
#include "rondo/data/data_split.h"
#include "rondo/data/group_writer.h"
#include "rondo/io/atomic_file.h"

namespace rondo::cli {
namespace {

struct DataArguments {
  data::ReadOptions read;
  std::string out;
  std::string rejected_out;
  std::string json_out;
  std::string model;
  std::string train_out;
  std::string test_out;
  std::string by = "prompt";
  data::SplitOptions split;
};

void check(DataArguments& arguments, Session& session) {
  arguments.read.allow_items = arguments.model.empty();
  const runs::CheckResult result = runs::check_data(
      {.read = arguments.read, .model = arguments.model, .rejected = arguments.rejected_out}, session.hooks());
  print_line(check_text(result));
  if (!arguments.json_out.empty()) {
    io::write_file(arguments.json_out,
                   runs::to_json(result).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  }
  if (result.report.bad_rows <= arguments.read.max_bad) return;
  throw DataError(
      fmt::format("bad rows: {}: {} of {} rows cannot be used, {} are allowed; correct them, name columns "
                  "with --rename, or allow some with --max-bad",
                  fmt::join(result.files, ", "), result.report.bad_rows, result.report.rows, arguments.read.max_bad));
}

data::GroupStore read_all(const DataArguments& arguments, const Session& session) {
  data::ReadOptions read = arguments.read;
  read.allow_items = true;
  read.progress = session.progress;
  return data::read_groups(read);
}

std::string rejected_note(const data::GroupStore& store) {
  const int64_t bad = store.report().bad_rows;
  return bad == 0 ? "" : fmt::format("; {} rows rejected", with_commas(bad));
}

void convert(DataArguments& arguments, const Session& session) {
  data::GroupWriter writer(arguments.out);
  const data::GroupStore store = read_all(arguments, session);
  for (int64_t i = 0; i < store.size(); ++i) {
    writer.write(store.group(i));
    session.progress(i + 1, store.size(), "groups written");
  }
  writer.commit();
  session.log(LogLevel::kInfo, fmt::format("{}: {} groups, {} responses, {} comparisons{}", arguments.out,
                                           with_commas(store.size()), with_commas(store.report().responses),
                                           with_commas(store.report().comparisons), rejected_note(store)));
}

void split(DataArguments& arguments, const Session& session) {
  data::GroupWriter train(arguments.train_out);
  data::GroupWriter test(arguments.test_out);
  const data::GroupStore store = read_all(arguments, session);
  data::SplitOptions options = arguments.split;
  options.by_response = arguments.by == "response";
  options.seed = session.process.seed;
  options.progress = session.progress;
  const data::SplitReport report = data::split_groups(
      store, options, [&](const Group& group) { train.write(group); }, [&](const Group& group) { test.write(group); });
  if (report.train.groups == 0 || report.test.groups == 0) {
    throw DataError(fmt::format("cannot split: {}: all {} groups fall on one side; {}",
                                fmt::join(arguments.read.files, ", "), store.size(),
                                options.by_response ? "use another --test-fraction or --seed"
                                                    : "use --by response, another --test-fraction or --seed"));
  }
  train.commit();
  test.commit();
  const auto part = [](const std::string& name, const data::SplitPart& p) {
    return fmt::format("{}: {} groups, {} responses, {} comparisons", name, with_commas(p.groups),
                       with_commas(p.responses), with_commas(p.comparisons));
  };
  print_line(part(arguments.train_out, report.train));
  print_line(part(arguments.test_out, report.test));
  print_line(
      fmt::format("{} comparisons across the parts dropped, {} sides of groups left without comparisons; {} "
                  "response texts stand in both parts{}",
                  with_commas(report.dropped_comparisons), with_commas(report.dropped_groups),
                  with_commas(report.shared_texts), rejected_note(store)));
}

CLI::App* add_action(CLI::App& app, const char* name, const char* help, DataArguments& arguments) {
  CLI::App* const action = app.add_subcommand(name, help);
  // --seed, --quiet and their like belong to the verb and may stand behind the action.
  action->fallthrough();
  action->add_option("files", arguments.read.files, "data files, folders of them, or - for standard input")->required();
  add_data_flags(*action, arguments.read);
  action->add_flag("--unlabelled", arguments.read.allow_unlabelled, "accept groups without comparisons");
  return action;
}

Runner setup(CLI::App& app) {
  auto arguments = std::make_shared<DataArguments>();
  app.require_subcommand(1);
  CLI::App* const on_check =
      add_action(app, "check", "say what the files hold, and which rows cannot be used", *arguments);
  on_check->add_option("--rejected-out", arguments->rejected_out,
                       "write every rejected row's file, number and reason as JSONL");
  on_check->add_option("--json", arguments->json_out, "write the findings as JSON");
  on_check->add_option("--model", arguments->model, "model folder: lengths in its tokens as well");
  CLI::App* const on_convert = add_action(app, "convert", "write the groups as canonical rows", *arguments);
  on_convert->add_option("--out", arguments->out, "file to write: .jsonl, .jsonl.gz, or -")->required();
  CLI::App* const on_split = add_action(app, "split", "divide the groups into a train and a test file", *arguments);
  on_split->add_option("--train-out", arguments->train_out, "file for the larger part: .jsonl or .jsonl.gz")
      ->required();
  on_split->add_option("--test-out", arguments->test_out, "file for the test part: .jsonl or .jsonl.gz")->required();
  on_split->add_option("--test-fraction", arguments->split.test_fraction, "share of the test part")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  on_split->add_option("--by", arguments->by, "what the parts do not share: prompt, or response (for large groups)")
      ->check(CLI::IsMember({"prompt", "response"}))
      ->capture_default_str();
  return [arguments, on_check, on_convert](Session& session) {
    if (on_check->parsed()) return check(*arguments, session);
    if (on_convert->parsed()) return convert(*arguments, session);
    split(*arguments, session);
  };
}

}  // namespace

constinit const VerbEntry data_entry{
    .name = "data",
    .summary = "check, convert and split preference data",
    .setup = &setup,
};

}  // namespace rondo::cli
