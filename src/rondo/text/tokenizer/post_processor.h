// SPDX-License-Identifier: Apache-2.0
// Post-processors: which special tokens stand around one text or between two.
#pragma once

#include <memory>

#include "rondo/text/tokenizer/component.h"

namespace rondo::text {

/// One element of a template: a special token, or one of the two texts.
struct TemplatePart {
  enum Kind { kToken, kFirst, kSecond };
  Kind kind = kToken;
  int32_t id = -1;
  int32_t type_id = 0;
};

/// What every post-processor comes down to.
struct PostTemplate {
  std::vector<TemplatePart> single;
  std::vector<TemplatePart> pair;
};

/// Without a post-processor: the first text, then the second with type 1.
PostTemplate plain_template();

/// Throws ModelError where the type is unknown or a field is missing.
PostTemplate read_post_processor(const Json& fields);

}  // namespace rondo::text
