// SPDX-License-Identifier: Apache-2.0
// The precompiled headers hang on libraries, and a library needs a source; cmake/RondoHelpers.cmake lists them.
