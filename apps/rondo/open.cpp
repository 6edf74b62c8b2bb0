// SPDX-License-Identifier: Apache-2.0
#include "apps/rondo/open.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <thread>

#include "apps/rondo/data_flags.h"
#include "rondo/base/error.h"
#include "rondo/io/json.h"
#include "rondo/model/adapter_config.h"
#include "rondo/model/head_config.h"

namespace rondo::cli {
namespace {

std::vector<std::string> with_empty(std::span<const char* const> names) {
  std::vector<std::string> list = {""};
  list.insert(list.end(), names.begin(), names.end());
  return list;
}

// What a published model reads: encoders take prompt and response in the tokenizer's form for two texts, and the first
// state stands for both unless a classifier says otherwise. A tokenizer may lie in a folder without a model.
text::TextPolicy published_policy(const nlohmann::json& config) {
  text::TextPolicy policy;
  const backbones::FamilyEntry* family = model::find_family_of(config);
  policy.use_pair = family != nullptr && family->is_encoder;
  if (!policy.use_pair) return policy;
  const auto pooling = config.find(std::string(family->classifier.pooling_key));
  const bool is_mean = model::is_classifier(config) && pooling != config.end() && *pooling == "mean";
  policy.pooling = is_mean ? "mean" : "first";
  return policy;
}

text::TextPolicy recorded_policy(const nlohmann::json& config, const std::string& directory) {
  text::TextPolicy policy = published_policy(config);
  const nlohmann::json rondo = model::rondo_object(config, directory);
  const auto found = rondo.find("text");
  if (found == rondo.end()) return policy;
  try {
    policy.use_template = found->at("template");
    policy.bos = found->at("bos");
    policy.eos = found->at("eos");
    policy.pooling = found->at("pooling");
    policy.gate = found->value("gate", policy.gate);
    policy.system = found->value("system", policy.system);
    policy.pairwise = found->value("pairwise", policy.pairwise);
    policy.max_length = found->value("max_length", policy.max_length);
    text::check_policy(policy);
  } catch (const nlohmann::json::exception& error) {
    throw ModelError("config.json: rondo: text: " + directory + ": " + error.what() +
                     "; expected template, bos, eos, pooling");
  } catch (const ConfigError& error) {
    throw ModelError("config.json: rondo: text: " + directory + ": " + error.what());
  }
  return policy;
}

void override_policy(const TextFlags& flags, text::TextPolicy& policy) {
  if (flags.plain) policy.use_template = false;
  if (!flags.bos.empty()) policy.bos = flags.bos;
  if (!flags.eos.empty()) policy.eos = flags.eos;
  if (!flags.pooling.empty()) policy.pooling = flags.pooling;
  if (!flags.gate_reads.empty()) policy.gate = flags.gate_reads;
  if (!flags.system.empty()) policy.system = flags.system;
  if (!flags.pairwise.empty()) policy.pairwise = flags.pairwise;
  if (flags.max_length > 0) policy.max_length = flags.max_length;
}

// Another template is another text, and other scores.
void warn_of_template(const OpenModel& open, Session& session) {
  const nlohmann::json recorded = open.loaded.rondo.value("template_hash", nlohmann::json());
  if (!recorded.is_string() || !open.encoder->policy().use_template) return;
  if (recorded == open.encoder->template_hash()) return;
  session.log(LogLevel::kWarning,
              fmt::format("{}: the chat template is not the one that the model was made with; its scores are others",
                          open.directory));
}

// The recorded policy of a directory, changed by flags.
text::TextPolicy policy_of(const std::string& directory, const TextFlags& flags, const std::string& base) {
  const model::ModelFiles files = model::find_files(directory, base);
  nlohmann::json config = nlohmann::json::object();
  if (files.is_adapter || std::filesystem::exists(files.directory / "config.json"))
    config = model::read_model_config(files);
  text::TextPolicy policy = recorded_policy(config, directory);
  override_policy(flags, policy);
  return policy;
}

// What a head reads: one response, PairRM's marks, or two responses in one turn.
void fit_to_head(const heads::HeadConfig& head, const TextFlags& flags, text::TextPolicy& policy) {
  const bool is_pairwise = head.kind != model::kNoHead && heads::head_by_name(head.kind).pairwise;
  if (!is_pairwise) {
    if (!flags.pairwise.empty() && flags.pairwise != "none")
      throw ConfigError("--pairwise " + flags.pairwise + ": a " + head.kind +
                        " head reads responses alone; leave the flag out, or take --head pair");
    policy.pairwise = "none";
    return;
  }
  const heads::HeadEntry& entry = heads::head_by_name(head.kind);
  const bool has_marks = entry.readings > 1;
  if (policy.pairwise == "none") policy.pairwise = has_marks ? "marks" : "turn";
  std::string fault;
  if ((policy.pairwise == "marks") != has_marks) {
    fault = "pairwise=" + policy.pairwise + " does not fit a " + head.kind +
            " head; pair_rm reads marks, pair and pair_lm read turn or answer";
  } else if (entry.reads_logits && policy.pooling != "sequence_end") {
    fault = "pooling=" + policy.pooling + ": the answer of a " + head.kind +
            " head is read at the end of the sequence; leave --pooling out";
  }
  if (fault.empty()) return;
  if (flags.pairwise.empty() && flags.pooling.empty()) throw ModelError("config.json: rondo: text: " + fault);
  throw ConfigError(fault);
}

// The tokens that a pairwise language model answers with, where the caller asks for a fresh or an imported one.
void add_answers(const std::string& directory, const TextFlags& flags, model::LoadOptions& options) {
  for (heads::HeadConfig* head :
       {options.new_head ? &*options.new_head : nullptr, options.import ? &options.import->head : nullptr}) {
    if (head == nullptr || !heads::head_by_name(head->kind).reads_logits) continue;
    TextFlags plain = flags;
    plain.pairwise.clear();
    head->answers = open_encoder(directory, plain, options.base).answer_tokens();
  }
}

void check_vocabulary(const OpenModel& open) {
  const int64_t rows = open.model().backbone().sizes().vocab;
  if (open.encoder->tokenizer().id_limit() > rows) {
    throw ModelError(fmt::format(
        "the tokenizer does not fit: {}: it has ids up to {}, the embedding table {} rows; is tokenizer.json "
        "from another model?",
        open.directory, open.encoder->tokenizer().id_limit() - 1, rows));
  }
}

}  // namespace

void describe(FieldVisitor& v, TextFlags& c) {
  v.boolean("plain", c.plain, "no chat template, even where the model has one");
  v.choice("bos", c.bos, "first token; empty = as recorded", with_empty(text::kBosNames));
  v.choice("eos", c.eos, "last token; empty = as recorded", with_empty(text::kEosNames));
  v.choice("pooling", c.pooling, "which state stands for a response; empty = as recorded",
           with_empty(text::kPoolingNames));
}

void describe_pairwise(FieldVisitor& v, TextFlags& c) {
  v.choice("pairwise", c.pairwise, "how a pairwise model reads two responses; empty = as recorded",
           with_empty(text::kPairwiseNames));
}

void describe_policy(FieldVisitor& v, TextFlags& c) {
  describe(v, c);
  describe_pairwise(v, c);
  v.choice("gate_reads", c.gate_reads, "where a prompt gate reads; empty = prompt", with_empty(text::kGateReadNames));
  v.choice("system", c.system, "system turns; empty = as_given", with_empty(text::kSystemNames));
  v.integer("max_length", c.max_length, "tokens the model was made for; 0 = what its backbone takes", 0,
            int64_t{1} << 31);
}

void describe_length(FieldVisitor& v, DataFlags& c) {
  v.choice("overlong", c.overlong, "sequences over the length limit", data::kOverlongNames);
  v.integer("max_length", c.max_length, "tokens of a sequence at most; 0 = what the model takes", 0, int64_t{1} << 31);
}

void describe(FieldVisitor& v, DataFlags& c) {
  v.texts("data", c.data, "files, folders, or - for standard input");
  v.texts("rename", c.rename, "column renames, question=prompt");
  v.integer("max_bad", c.max_bad, "bad rows allowed before the data are refused", 0, kManyRows);
  describe_length(v, c);
}

nlohmann::json OpenModel::text_json() const {
  const text::TextPolicy& policy = encoder->policy();
  nlohmann::json object = {
      {"template", encoder->uses_template()}, {"bos", policy.bos}, {"eos", policy.eos}, {"pooling", policy.pooling}};
  const text::TextPolicy usual;
  if (policy.gate != usual.gate) object["gate"] = policy.gate;
  if (policy.system != usual.system) object["system"] = policy.system;
  if (policy.pairwise != usual.pairwise) object["pairwise"] = policy.pairwise;
  if (policy.max_length != usual.max_length) object["max_length"] = policy.max_length;
  return object;
}

int64_t OpenModel::max_length() const {
  const int64_t recorded = encoder->policy().max_length;
  return recorded > 0 ? std::min(recorded, model().max_length()) : model().max_length();
}

text::TextEncoder open_encoder(const std::string& directory, const TextFlags& flags, const std::string& base) {
  return text::load_text_encoder(model::find_files(directory, base).tokenizer.string(),
                                 policy_of(directory, flags, base));
}

OpenModel open_model(const std::string& directory, const model::LoadOptions& options, const TextFlags& flags,
                     Session& session) {
  model::LoadOptions with_base = options;
  with_base.base = session.base;
  add_answers(directory, flags, with_base);
  OpenModel open{.directory = directory,
                 .tokenizer = model::find_files(directory, session.base).tokenizer.string(),
                 .loaded = model::load(directory, with_base)};
  if (!open.loaded.ignored_tensors.empty()) {
    session.log(LogLevel::kInfo,
                fmt::format("{}: tensors not used: {}", directory, fmt::join(open.loaded.ignored_tensors, ", ")));
  }
  const nlohmann::json& config = open.model().config();
  if (config.contains("mean") && config.contains("std") && open.model().head_config().is_scalar()) {
    session.log(LogLevel::kInfo,
                fmt::format("{}: config.json has a mean and std of rewards, which are not applied; `rondo import "
                            "--normalize-rewards` does",
                            directory));
  }
  text::TextPolicy policy = policy_of(directory, flags, session.base);
  fit_to_head(open.model().head_config(), flags, policy);
  open.encoder = std::make_unique<text::TextEncoder>(text::load_text_encoder(open.tokenizer, policy));
  check_vocabulary(open);
  warn_of_template(open, session);
  return open;
}

std::vector<int32_t> stop_ids(const OpenModel& open) {
  std::vector<int32_t> ids;
  if (open.encoder->eos_id()) ids.push_back(*open.encoder->eos_id());
  for (const char* const name : {"generation_config.json", "config.json"}) {
    const std::filesystem::path path = std::filesystem::path(open.tokenizer) / name;
    if (!std::filesystem::exists(path)) continue;
    const nlohmann::json eos = io::read_json_file(path, ErrorKind::kModel).value("eos_token_id", nlohmann::json());
    for (const nlohmann::json& id : eos.is_array() ? eos : nlohmann::json::array({eos})) {
      if (id.is_number_integer()) ids.push_back(id.get<int32_t>());
    }
  }
  return ids;
}

void log_tokens(const data::TokenReport& report, const DataFlags& flags, Session& session) {
  if (report.overlong > 0) {
    session.log(LogLevel::kWarning, fmt::format("{} sequences over the length limit: {} dropped, {} truncated ({})",
                                                report.overlong, report.dropped, report.truncated, flags.overlong));
  }
  if (report.unknown_tokens > 0) {
    session.log(
        LogLevel::kWarning,
        fmt::format("{} of {} tokens are unknown to the vocabulary{}", report.unknown_tokens, report.tokens,
                    report.is_pairwise
                        ? "; those of the question that a pairwise model is asked count as well"
                        : "; prompt and response are joined as they stand, so a prompt of words should end in a "
                          "space or a newline"));
  }
  if (report.same_tokens > 0) {
    session.log(LogLevel::kWarning,
                fmt::format("{} {} have the same tokens as another of their prompt: no model can tell them apart; "
                            "`rondo {}` shows what it reads",
                            report.same_tokens, report.is_pairwise ? "pairs" : "responses",
                            report.is_pairwise ? "rank --with token_ids" : "tokenize --explain"));
  }
}

std::unique_ptr<data::TokenStore> open_data(const DataFlags& flags, const OpenModel& open, bool allow_unlabelled,
                                            Session& session, data::PairsWanted pairs) {
  if (flags.data.empty()) throw ConfigError("no data: --data: name at least one file");
  data::ReadOptions read_options{.files = flags.data,
                                 .renames = flags.rename,
                                 .max_bad = flags.max_bad,
                                 .allow_unlabelled = allow_unlabelled,
                                 .progress = session.progress};
  read_options.spool_folder = spool_folder();
  data::GroupStore store = data::read_groups(read_options);
  const data::ReadReport& read = store.report();
  session.log(LogLevel::kInfo,
              fmt::format("{}: {} rows, {} groups, {} responses, {} comparisons{}", fmt::join(flags.data, ", "),
                          read.rows, read.groups, read.responses, read.comparisons,
                          read.bad_rows > 0 ? fmt::format(", {} bad rows left out", read.bad_rows) : ""));
  auto tokens = std::make_unique<data::TokenStore>(
      std::move(store), *open.encoder,
      data::TokenOptions{.max_length = flags.max_length > 0 ? flags.max_length : open.max_length(),
                         .overlong = flags.overlong,
                         .pairs = pairs,
                         .threads = session.threads},
      session.progress);
  log_tokens(tokens->report(), flags, session);
  if (!allow_unlabelled && tokens->report().comparisons == 0) {
    throw DataError(
        fmt::format("no comparison is left: {}: the responses of every labelled pair are equal or were dropped; "
                    "`rondo data check` counts them",
                    fmt::join(flags.data, ", ")));
  }
  return tokens;
}

void describe_device(FieldVisitor& v, std::string& device) {
  v.choice("device", device, "where to compute", {"cpu", "cuda"});
}

at::Device open_device(const std::string& name) {
  if (name == "cpu") return at::kCPU;
  // The hooks of the CUDA library are looked up once, at the first question: it must be there before.
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    throw ResourceError(std::string("no CUDA: --device cuda: ") + dlerror() +
                        "; install a torch with CUDA and name it by LIBTORCH_ROOT, or use --device cpu");
  }
  if (!at::globalContext().hasCUDA())
    throw ResourceError("no CUDA: --device cuda: no GPU or no driver was found; use --device cpu");
  return at::kCUDA;
}

void use_threads(const Session& session) {
  const int64_t all = std::max<int64_t>(1, std::thread::hardware_concurrency());
  at::set_num_threads(static_cast<int>(session.threads > 0 ? session.threads : all));
}

void require_flag(const std::string& value, const char* flag) {
  if (value.empty()) throw ConfigError(fmt::format("a flag is missing: {}; --help explains it", flag));
}

}  // namespace rondo::cli
