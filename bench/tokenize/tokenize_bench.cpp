// SPDX-License-Identifier: Apache-2.0
// How fast texts become ids: tokenize_bench TOKENIZER.json TEXTS THREADS [MEGABYTES]
// TEXTS holds documents separated by a zero byte. Prints one line of JSON: seconds of encoding alone, and a digest of
// all ids by which the answers of two programs are compared.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/base/hash.h"
#include "rondo/text/tokenizer/tokenizer.h"

namespace {

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::vector<std::string> read_documents(const char* path, size_t most_bytes) {
  std::ifstream file(path, std::ios::binary);
  std::string all(std::istreambuf_iterator<char>(file), {});
  std::vector<std::string> documents;
  for (size_t begin = 0; begin < std::min(all.size(), most_bytes);) {
    const size_t end = std::min(all.find('\0', begin), all.size());
    documents.push_back(all.substr(begin, end - begin));
    begin = end + 1;
  }
  return documents;
}

int run(char** arguments, int count) {
  const auto tokenizer = rondo::text::Tokenizer::load(arguments[1]);
  const size_t most = count > 4 ? static_cast<size_t>(std::atof(arguments[4]) * 1e6) : SIZE_MAX;
  const std::vector<std::string> documents = read_documents(arguments[2], most);
  size_t bytes = 0, tokens = 0;
  for (const std::string& document : documents) bytes += document.size();
  const double processor = processor_seconds();
  const auto start = std::chrono::steady_clock::now();
  const auto all = tokenizer.encode_batch(documents, false, std::atoi(arguments[3]));
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  const double used = processor_seconds() - processor;
  rondo::Sha256 digest;
  for (const auto& ids : all) {
    tokens += ids.size();
    digest.update({reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(ids[0])});
  }
  std::printf("{\"bytes\":%zu,\"documents\":%zu,\"tokens\":%zu,\"wall\":%.3f,\"processor\":%.3f,\"digest\":\"%s\"}\n",
              bytes, documents.size(), tokens, wall.count(), used, digest.hex().c_str());
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 4) {
    std::fprintf(stderr, "usage: tokenize_bench TOKENIZER.json TEXTS THREADS [MEGABYTES]\n");
    return 2;
  }
  try {
    return run(arguments, count);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tokenize_bench: %s\n", error.what());
    return 1;
  }
}
