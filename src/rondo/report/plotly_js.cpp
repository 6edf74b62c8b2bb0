// SPDX-License-Identifier: Apache-2.0
// The assembler copies the file into the object as it is: five megabytes as a C++ literal would take the compiler far
// longer and most compilers limit literals.
#include "rondo/report/plotly_js.h"

asm(R"(
    .pushsection .rodata
    .global rondo_plotly_begin
    .global rondo_plotly_end
rondo_plotly_begin:
    .incbin ")" RONDO_PLOTLY R"("
rondo_plotly_end:
    .popsection
)");

extern "C" const char rondo_plotly_begin[];
extern "C" const char rondo_plotly_end[];

namespace rondo::report {

std::string_view plotly_js() {
  return {rondo_plotly_begin, static_cast<size_t>(rondo_plotly_end - rondo_plotly_begin)};
}

}  // namespace rondo::report
