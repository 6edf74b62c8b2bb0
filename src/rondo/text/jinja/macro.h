// SPDX-License-Identifier: Apache-2.0
// Macros (and the callers of call blocks), and the loop variable.
#pragma once

#include <string>
#include <vector>

#include "rondo/text/jinja/interpreter.h"

namespace rondo::text::jinja {

class Macro : public Object {
 public:
  Macro(const Statement& statement, Scope& scope) : statement_(statement), scope_(scope) {}
  std::string type_name() const override { return "Macro"; }
  bool is_callable() const override { return true; }
  Value call(Interpreter& interpreter, const Arguments& arguments) override;
  bool attribute(Interpreter& interpreter, const std::string& name, Value& out) override;

 private:
  const Statement& statement_;
  Scope& scope_;
};

class Loop : public Object, public std::enable_shared_from_this<Loop> {
 public:
  Loop(const Statement& statement, std::vector<Value> loop_items, Scope& outer, int depth0)
      : items(std::move(loop_items)), statement_(statement), outer_(outer), depth0_(depth0) {}
  std::string type_name() const override { return "LoopContext"; }
  bool is_callable() const override { return true; }
  Value call(Interpreter& interpreter, const Arguments& arguments) override;
  bool attribute(Interpreter& interpreter, const std::string& name, Value& out) override;

  std::vector<Value> items;
  size_t index = 0;

 private:
  const Statement& statement_;
  Scope& outer_;
  int depth0_;
  std::vector<Value> last_changed_;
  bool has_changed_ = false;
};

}  // namespace rondo::text::jinja
