// SPDX-License-Identifier: Apache-2.0
#include "rondo/data/spool.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "rondo/base/error.h"

namespace rondo::data {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;

int open_nameless(const std::filesystem::path& folder) {
  const int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return file;
  // File systems without nameless files: one with a name that is removed at once.
  std::string name = (folder / "rondo-XXXXXX").string();
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

Spool::Spool(const std::filesystem::path& folder) : folder_(folder), file_(open_nameless(folder)) {
  if (file_ < 0) fail("cannot make a temporary file", errno);
}

Spool::~Spool() { ::close(file_); }

void Spool::fail(const char* action, int error) const {
  throw ResourceError(std::string(action) + ": " + folder_.string() + ": " + std::strerror(error) +
                      "; set TMPDIR to a folder with space for a copy of the data");
}

uint64_t Spool::append(std::string_view record) {
  const uint64_t position = size_;
  size_ += record.size();
  if (buffer_.size() + record.size() > kBufferBytes) flush();
  if (record.size() > kBufferBytes) {
    write(record);
  } else {
    buffer_ += record;
  }
  return position;
}

void Spool::write(std::string_view rest) {
  while (!rest.empty()) {
    const ssize_t written = ::write(file_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot write temporary data", errno);
    rest.remove_prefix(static_cast<size_t>(written));
  }
}

void Spool::flush() {
  write(buffer_);
  buffer_.clear();
}

std::string Spool::read(uint64_t position, uint64_t bytes) const {
  RONDO_ASSERT(buffer_.empty() && position + bytes <= size_, "a spool is flushed before it is read");
  std::string record(bytes, '\0');
  size_t got = 0;
  while (got < record.size()) {
    const ssize_t count = ::pread(file_, record.data() + got, record.size() - got, static_cast<off_t>(position + got));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail("cannot read temporary data", count < 0 ? errno : EIO);
    got += static_cast<size_t>(count);
  }
  return record;
}

}  // namespace rondo::data
