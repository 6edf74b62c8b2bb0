// SPDX-License-Identifier: Apache-2.0
#include "rondo/base/torch_pch.h"
