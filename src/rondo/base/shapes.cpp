// SPDX-License-Identifier: Apache-2.0
#include "rondo/base/shapes.h"

#include <algorithm>
#include <sstream>

#include "rondo/base/error.h"

namespace rondo {

void expect_shape(const Tensor& tensor, std::initializer_list<int64_t> shape, const char* name) {
  if (!tensor.defined()) throw InternalError(std::string(name) + " is not defined");
  const bool fits = tensor.dim() == static_cast<int64_t>(shape.size()) &&
                    std::equal(shape.begin(), shape.end(), tensor.sizes().begin(),
                               [](int64_t a, int64_t b) { return a == kAny || a == b; });
  if (fits) return;
  std::ostringstream text;
  text << name << " has shape " << tensor.sizes() << ", expected [";
  const char* separator = "";
  for (const int64_t size : shape) {
    text << separator << (size == kAny ? std::string("any") : std::to_string(size));
    separator = ", ";
  }
  throw InternalError(text.str() + "]");
}

}  // namespace rondo
