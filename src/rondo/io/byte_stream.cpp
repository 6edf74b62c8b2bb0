// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/byte_stream.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "rondo/base/error.h"

namespace rondo::io {
namespace {

constexpr size_t kReadBytes = size_t{1} << 18;

}  // namespace

struct ByteStream::State {
  ~State() {
    if (file != nullptr) gzclose(file);
  }

  gzFile file = nullptr;
  std::string buffer;
  size_t start = 0;
  bool ended = false;
  bool standard_input = false;
};

ByteStream::ByteStream(const std::filesystem::path& path)
    : state_(std::make_unique<State>()), name_(path == "-" ? "standard input" : path.string()) {
  const int file = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    throw ResourceError("cannot read: " + name_ + ": " + std::strerror(errno) + "; check the path and its permissions");
  }
  // zlib passes bytes that are not gzip through unchanged.
  state_->file = gzdopen(file, "rb");
  if (state_->file == nullptr) {
    ::close(file);
    throw ResourceError("cannot read: " + name_ + ": no memory for the decompressor; free memory");
  }
  state_->standard_input = path == "-";
  gzbuffer(state_->file, kReadBytes);
}

ByteStream::~ByteStream() = default;

std::string_view ByteStream::peek(size_t wanted) {
  State& s = *state_;
  while (s.buffer.size() - s.start < wanted && !s.ended) {
    if (s.start > 0) {
      s.buffer.erase(0, s.start);
      s.start = 0;
    }
    const size_t before = s.buffer.size();
    // Doubling keeps the total cost of a very long row linear.
    const size_t grow = std::max(kReadBytes, before);
    s.buffer.resize(before + grow);
    const int got = gzread(s.file, s.buffer.data() + before, static_cast<unsigned>(grow));
    s.buffer.resize(before + static_cast<size_t>(std::max(got, 0)));
    int code = Z_OK;
    const char* const fact = gzerror(s.file, &code);
    if (code == Z_ERRNO) {
      throw ResourceError("cannot read: " + name_ + ": " + std::strerror(errno) + "; check the disk");
    }
    if (got < 0 || code == Z_BUF_ERROR) {
      throw DataError("cannot read: " + name_ + ": the gzip data are damaged or cut off (" + fact +
                      "); fetch the file again");
    }
    s.ended = static_cast<size_t>(got) < grow;
  }
  return std::string_view(s.buffer).substr(s.start);
}

bool ByteStream::is_plain_file() const { return !state_->standard_input && gzdirect(state_->file) == 1; }

void ByteStream::skip(size_t count) {
  RONDO_ASSERT(count <= state_->buffer.size() - state_->start, "only bytes that were seen are skipped");
  state_->start += count;
}

}  // namespace rondo::io
