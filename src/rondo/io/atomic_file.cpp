// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "rondo/base/error.h"
#include "rondo/base/parse_number.h"

namespace rondo::io {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBufferBytes = size_t{1} << 20;
constexpr mode_t kFileMode = 0666;  // narrowed by the umask, as every ordinary file is

const char* remedy(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "free space on that disk or write elsewhere";
    case EACCES:
    case EPERM:
    case EROFS:
      return "choose a folder that you may write";
    case ENOENT:
    case ENOTDIR:
      return "create the folder first";
    default:
      return "check the disk and the path";
  }
}

[[noreturn]] void fail_at(const char* action, const fs::path& path, int error) {
  throw ResourceError(std::string(action) + ": " + path.string() + ": " + std::strerror(error) + "; " + remedy(error));
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

void sync_path(const fs::path& path, int flags) {
  const int file = ::open(path.c_str(), flags | O_CLOEXEC);
  if (file < 0) fail_at("cannot sync", path, errno);
  const int result = ::fsync(file);
  const int error = errno;
  ::close(file);
  // Some file systems (network, FUSE) cannot sync a folder and say EINVAL; the rename itself is still atomic there.
  if (result != 0 && error != EINVAL) fail_at("cannot sync", path, error);
}

// A file of its own beside the target. Names that a crashed process left behind are passed over.
int open_temporary(const fs::path& target, fs::path& name) {
  constexpr int kAttempts = 1000;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    name = folder_of(target) / fmt::format(".{}.{}.{}.tmp", target.filename().string(), ::getpid(), attempt);
    const int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode);
    if (file >= 0 || errno != EEXIST) return file;
  }
  errno = EEXIST;
  return -1;
}

// The number of the open file that a name leads to (/dev/stdout is a link to /proc/self/fd/1); -1 where it leads to
// none. Opening such a name anew would begin at the front of the file, where the descriptor may stand at its end.
int descriptor_of(fs::path path) {
  if (path == "-") return STDOUT_FILENO;
  constexpr int kMostLinks = 40;
  const fs::path own = fmt::format("/proc/{}/fd", ::getpid());
  for (int link = 0; link < kMostLinks; ++link) {
    std::error_code error;
    const fs::path folder = fs::canonical(folder_of(path), error);
    if (error) return -1;
    if (folder == own) return parse_number<int>(path.filename().string()).value_or(-1);
    const fs::path next = fs::read_symlink(path, error);
    if (error) return -1;
    path = folder / next;
  }
  return -1;
}

}  // namespace

AtomicFile::AtomicFile(const fs::path& target) : target_(target) {
  std::error_code ignored;
  if (const int open_file = descriptor_of(target_); open_file >= 0) {
    file_ = ::fcntl(open_file, F_DUPFD_CLOEXEC, 0);
    if (file_ < 0) fail("cannot write", errno);
    return;
  }
  if (fs::is_symlink(target_, ignored) && fs::exists(target_, ignored)) target_ = fs::canonical(target_);
  const fs::file_status status = fs::status(target_, ignored);
  if (fs::is_directory(status)) fail_at("cannot write", target_, EISDIR);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    file_ = ::open(target_.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    file_ = open_temporary(target_, temporary_);
  }
  if (file_ < 0) fail("cannot write", errno);
}

AtomicFile::~AtomicFile() {
  if (file_ >= 0) ::close(file_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::fail(const char* action, int error) const { fail_at(action, target_, error); }

void AtomicFile::write(std::string_view bytes) {
  buffer_.append(bytes);
  if (buffer_.size() >= kBufferBytes) flush();
}

void AtomicFile::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = ::write(file_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot write", errno);
    rest.remove_prefix(static_cast<size_t>(written));
  }
  buffer_.clear();
}

void AtomicFile::write_at(uint64_t offset, std::string_view bytes) {
  flush();
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot write", errno);
    bytes.remove_prefix(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
}

void AtomicFile::commit() {
  RONDO_ASSERT(file_ >= 0, "a file is committed once");
  flush();
  // Devices and pipes cannot be synced; they have nothing to lose.
  if (!temporary_.empty() && ::fsync(file_) != 0) fail("cannot write", errno);
  const int closed = ::close(file_);
  file_ = -1;
  if (closed != 0) fail("cannot write", errno);
  if (temporary_.empty()) return;
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail("cannot write", errno);
  temporary_.clear();
  sync_path(folder_of(target_), O_RDONLY | O_DIRECTORY);
}

void write_file(const fs::path& target, std::string_view content) {
  AtomicFile file(target);
  file.write(content);
  file.commit();
}

void remove_leftovers(const fs::path& folder) {
  std::vector<fs::path> leftovers;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && name.starts_with('.') && name.ends_with(".tmp")) leftovers.push_back(entry.path());
  }
  for (const fs::path& path : leftovers) fs::remove(path);
}

void publish_directory(const fs::path& part, const fs::path& target) {
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(part)) {
    if (entry.is_regular_file()) sync_path(entry.path(), O_RDONLY);
    if (entry.is_directory()) sync_path(entry.path(), O_RDONLY | O_DIRECTORY);
  }
  sync_path(part, O_RDONLY | O_DIRECTORY);
  std::error_code ignored;
  if (!fs::exists(target, ignored)) {
    if (::rename(part.c_str(), target.c_str()) != 0) fail_at("cannot publish", target, errno);
  } else if (::renameat2(AT_FDCWD, part.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0) {
    fs::remove_all(part, ignored);
  } else {
    // File systems without exchange: for an instant the old folder stands beside under another name.
    const fs::path old = target.string() + ".old";
    fs::remove_all(old, ignored);
    if (::rename(target.c_str(), old.c_str()) != 0) fail_at("cannot publish", target, errno);
    if (::rename(part.c_str(), target.c_str()) != 0) fail_at("cannot publish", target, errno);
    fs::remove_all(old, ignored);
  }
  sync_path(folder_of(target), O_RDONLY | O_DIRECTORY);
}

}  // namespace rondo::io
