// SPDX-License-Identifier: Apache-2.0
// rondo generate: K responses of a policy to every prompt of a file, as rows that `rondo rank`, `rondo eval` and other
// pipelines read. Finished rows collect in OUT.part, from which an interrupted run continues.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "apps/rondo/interrupt.h"
#include "apps/rondo/open.h"
#include "rondo/base/error.h"
#include "rondo/base/hash.h"
#include "rondo/generate/generator.h"
#include "rondo/generate/rows.h"
#include "rondo/io/atomic_file.h"
#include "rondo/io/config_json.h"
#include "rondo/io/json.h"
#include "rondo/text/text_rows.h"

namespace rondo::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct GenerateConfig {
  std::string model;
  std::string data;
  std::string out;
  std::string device = "cpu";
  bool with_ids = false;
  TextFlags text;
  generate::GenerateOptions options;
};

// What decides the responses, and so what a continued run must share with its beginning.
void describe_run(FieldVisitor& v, GenerateConfig& c) {
  v.text("model", c.model, "policy: a model directory with a language-model head");
  v.text("data", c.data, "prompts: JSONL rows with `prompt` or `messages`; - for standard input");
  describe(v, c.options);
  describe(v, c.text);
}

void describe(FieldVisitor& v, GenerateConfig& c) {
  describe_run(v, c);
  v.text("out", c.out, "JSONL file, one row a prompt; unfinished work stays in OUT.part and is continued");
  v.boolean("with_ids", c.with_ids, "write the token ids of the responses as well");
  describe_device(v, c.device);
}

// The rows of an interrupted run, behind a first line that says which run it was.
class PartFile {
 public:
  PartFile(const std::string& out, const Json& run) : path_(out + ".part") {
    std::ifstream before(path_, std::ios::binary);
    std::string line;
    // A line without its end was cut off and is made again; the lines before it stay where they are.
    uintmax_t kept = 0;
    if (std::getline(before, line) && !before.eof()) {
      kept = line.size() + 1;
      if (line != run.dump()) {
        throw ConfigError("another run was interrupted here: " + path_ +
                          ": it had other flags, prompts or weights; repeat those, or remove the file");
      }
      for (; std::getline(before, line) && !before.eof(); kept += line.size() + 1) rows_.push_back(line);
    }
    before.close();
    std::error_code error;
    if (fs::exists(path_)) fs::resize_file(path_, kept, error);
    if (error)
      throw ResourceError("cannot continue: " + path_ + ": " + error.message() +
                          "; remove the file or make it writable");
    file_.open(path_, std::ios::binary | std::ios::app);
    if (kept == 0) append(run.dump());
    flush();
  }

  size_t finished() const { return rows_.size(); }

  void add(const std::string& row) {
    rows_.push_back(row);
    append(row);
  }

  void flush() {
    file_.flush();
    if (!file_) throw ResourceError("cannot write: " + path_ + "; is the folder there, and is the disk full?");
  }

  void publish(const std::string& out) {
    io::AtomicFile file(out);
    for (const std::string& row : rows_) file.write(row + "\n");
    file.commit();
    file_.close();
    fs::remove(path_);
  }

 private:
  void append(const std::string& line) { file_ << line << '\n'; }

  std::string path_;
  std::ofstream file_;
  std::vector<std::string> rows_;
};

void run_generate(GenerateConfig config, Session& session) {
  require_flag(config.model, "--model");
  require_flag(config.data, "--data");
  require_flag(config.out, "--out");
  use_threads(session);
  const at::Device device = open_device(config.device);
  const OpenModel open = open_model(config.model, {.device = device, .as_policy = true}, config.text, session);
  std::vector<Json> rows;
  std::vector<generate::TokenPrompt> prompts;
  Sha256 hash;
  text::for_each_line(config.data, [&](const Json& row) {
    hash.update(row.dump() + "\n");
    prompts.push_back({open.encoder->encode_prompt(text::prompt_of(row)), prompts.size()});
    rows.push_back(row);
  });
  if (prompts.empty()) throw DataError("no prompts: " + config.data + ": the file has no rows");
  config.options.seed = static_cast<uint64_t>(session.seed);
  config.options.stop_ids = stop_ids(open);

  io::ConfigWriter writer;
  describe_run(writer, config);
  PartFile part(config.out, {{"run", Json(writer.json())},
                             {"seed", session.seed},
                             {"prompts", hash.hex()},
                             {"weights", model::weights_hash(open.model())}});
  const size_t before = part.finished();
  if (before > 0) session.log(LogLevel::kInfo, fmt::format("continuing behind {} finished prompts", before));
  prompts.erase(prompts.begin(), prompts.begin() + static_cast<std::ptrdiff_t>(std::min(before, prompts.size())));
  catch_interrupt();
  const generate::GenerateCost cost = generate::generate(
      open.model(), open.encoder->tokenizer(), prompts, config.options,
      [&](size_t index, const std::vector<generate::GeneratedResponse>& responses) {
        part.add(generate::response_row(rows[before + index], responses, config.with_ids)
                     .dump(-1, ' ', false, Json::error_handler_t::replace));
        part.flush();
        session.progress(static_cast<int64_t>(before + index + 1), static_cast<int64_t>(rows.size()), "sampling");
      },
      &interrupted);
  if (part.finished() < rows.size()) {
    session.log(LogLevel::kWarning, fmt::format("stopped after {} of {} prompts; the same command continues",
                                                part.finished(), rows.size()));
    session.exit_code = kInterruptedExit;
    return;
  }
  part.publish(config.out);
  session.log(
      LogLevel::kInfo,
      fmt::format("{} prompts, {} responses: {} prompt tokens computed once each, {} new tokens", rows.size(),
                  rows.size() * static_cast<size_t>(config.options.responses), cost.prompt_tokens, cost.new_tokens));
}

Runner setup(CLI::App& app) {
  auto config = std::make_shared<GenerateConfig>();
  FlagBinder binder(app);
  describe(binder, *config);
  return [config](Session& session) { run_generate(*config, session); };
}

}  // namespace

constinit const VerbEntry generate_entry{
    .name = "generate",
    .summary = "sample responses of a policy",
    .setup = &setup,
};

}  // namespace rondo::cli
