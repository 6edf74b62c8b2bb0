// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/tokenise.h"

#include <gtest/gtest.h>

namespace rondo::data {
namespace {

TEST(TokenResponse, MeanIsOverTheResponseAndForTwoTextsOverTheWholeSequence) {
  text::EncodedResponse encoded{.ids = {1, 7, 2, 8, 9, 2}, .response_begin = 3, .response_end = 5};
  EXPECT_EQ(token_response(encoded, {.pooling = "mean"}).pool_begin, 3);
  EXPECT_EQ(token_response(encoded, {.pooling = "mean"}).pool_end, 5);
  encoded.type_ids = {0, 0, 0, 1, 1, 1};
  EXPECT_EQ(token_response(encoded, {.pooling = "mean"}).pool_begin, 0);
  EXPECT_EQ(token_response(encoded, {.pooling = "mean"}).pool_end, 6);
  EXPECT_EQ(token_response(encoded, {.pooling = "first"}).pool_end, 1);
  EXPECT_EQ(token_response(encoded, {.pooling = "mean"}).type_ids, encoded.type_ids);
}

}  // namespace
}  // namespace rondo::data
