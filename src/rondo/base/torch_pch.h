// SPDX-License-Identifier: Apache-2.0
// The precompiled header of the modules that call tensor operators: the bare tensor and the operators used nearly
// everywhere, beside what every file reads.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include "rondo/base/plain_pch.h"
