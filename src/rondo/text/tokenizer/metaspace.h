// SPDX-License-Identifier: Apache-2.0
// Options that the Metaspace pre-tokenizer and decoder share.
#pragma once

#include <string>

#include "rondo/text/tokenizer/json_fields.h"

namespace rondo::text {

enum class PrependScheme { kAlways, kFirst, kNever };

struct MetaspaceOptions {
  std::string replacement;
  PrependScheme prepend = PrependScheme::kAlways;
  bool split = true;
};

MetaspaceOptions read_metaspace(const Json& fields);

}  // namespace rondo::text
