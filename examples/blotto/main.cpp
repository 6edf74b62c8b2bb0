// SPDX-License-Identifier: Apache-2.0
// blotto: makes and reads plans of the castle game and writes them as rows for `rondo train` and `rondo eval`.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>

#include "examples/blotto/commands.h"
#include "rondo/base/error.h"

int main(int argc, char** argv) {
  CLI::App app{"Plans for the castle game (Colonel Blotto) as rows for Rondo.", "blotto"};
  app.require_subcommand(1);
  blotto::add_make(app);
  blotto::add_read(app);
  blotto::add_words(app);
  blotto::add_baseline(app);
  blotto::add_cycle(app);
  blotto::add_duel(app);
  blotto::add_collect(app);
  blotto::add_referee(app);
  blotto::add_answers(app);
  blotto::add_pool(app);
  blotto::add_exploit(app);
  blotto::add_equilibrium(app);
  blotto::add_collect_align(app);
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "blotto: {}\n", error.what());
    return rondo::exit_code(rondo::ErrorKind::kConfig);
  } catch (const rondo::Error& error) {
    fmt::print(stderr, "blotto: {}\n", error.what());
    return rondo::exit_code(error.kind());
  } catch (const std::exception& error) {
    fmt::print(stderr, "blotto: internal error: {}; please report this\n", error.what());
    return rondo::exit_code(rondo::ErrorKind::kInternal);
  }
}
