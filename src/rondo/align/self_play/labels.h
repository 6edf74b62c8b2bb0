// SPDX-License-Identifier: Apache-2.0
// Replies from outside (a rule, people, another program): rows out, labelled or answered rows back.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "rondo/align/self_play/judge.h"

namespace rondo::align {

/// Rows {prompt | messages, responses}, one a prompt.
void write_unlabelled(const std::filesystem::path& path, std::span<const JudgedTexts> texts);

/// P(i over j) of every prompt [M, M], from rows of any recognised shape, one a prompt in the same order, with the same
/// responses. Equal texts are even; pairs without a label are NaN. Throws DataError where rows or responses differ from
/// what was asked.
std::vector<Tensor> read_labels(const std::filesystem::path& path, std::span<const JudgedTexts> texts);

/// The texts with other responses in place of what was sampled, from rows as read_labels takes them, labelled or not:
/// as many responses to each prompt, in the same order. Throws DataError where rows or responses are missing.
std::vector<JudgedTexts> read_answers(const std::filesystem::path& path, std::span<const JudgedTexts> texts);

}  // namespace rondo::align
