// SPDX-License-Identifier: Apache-2.0
// What every verb of the command line shares: its table row, the session (log, progress, seed), and flags made from
// config structs.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "rondo/base/config.h"
#include "rondo/base/log.h"
#include "rondo/runs/run.h"

// Its header takes seconds to compile: only files that call it include it.
namespace CLI {
class App;
}

namespace rondo::cli {

/// What the process hands to a verb.
struct Session {
  LogSink log;            // lines for people, on stderr
  ProgressSink progress;  // a bar on a terminal, plain lines otherwise, nothing under --quiet
  runs::Process process;
  bool quiet = false;
  std::function<bool(const char* flag)> is_given;  // on the command line or in its --config file
  int exit_code = 0;                               // set by verbs that end early without an error

  /// What a run gets of it. `stops`: Ctrl-C ends the run where it can be continued, instead of the process.
  runs::Hooks hooks(bool stops = false) const;
};

/// A verb registers its flags on `app` and returns what to run once they are parsed.
using Runner = std::function<void(Session&)>;

struct VerbEntry {
  const char* name;
  const char* summary;
  Runner (*setup)(CLI::App& app);
};

std::span<const VerbEntry* const> all_verbs();

#define VERB(name) extern const VerbEntry name##_entry;
#include "apps/rondo/verbs.def"
#undef VERB

/// Adds one flag per field: integer("batch_size") becomes --batch-size, with default, range and help.
class FlagBinder : public FieldVisitor {
 public:
  explicit FlagBinder(CLI::App& app) : app_(app) {}
  void number(const char* name, double& value, const char* help, double low, double high) override;
  void integer(const char* name, int64_t& value, const char* help, int64_t low, int64_t high) override;
  void boolean(const char* name, bool& value, const char* help) override;
  void text(const char* name, std::string& value, const char* help) override;
  void choice(const char* name, std::string& value, const char* help, const std::vector<std::string>& known) override;
  void texts(const char* name, std::vector<std::string>& values, const char* help) override;

 private:
  CLI::App& app_;
};

/// The flags that every verb has.
void add_session_flags(CLI::App& app, Session& session);

/// What a resumed run takes from the command line: threads, and where the base lies now, whose weights it compares.
/// Throws ConfigError where another seed is given than the run has.
void keep_process(const Session& session, runs::Process& recorded);

/// Flags of the parsed verb in a message of the library, which names fields: `max_new_tokens` becomes --max-new-tokens.
std::string with_flags(const std::string& message, const CLI::App& verb);

/// Writes one line of output (results, tables) to stdout. Throws ResourceError where it cannot be written.
void print_line(const std::string& line);
/// Hands over what is still buffered: a full disk behind stdout must not look like success.
void finish_output();

}  // namespace rondo::cli
