// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/text_writer.h"

#include <zlib.h>

#include <array>

#include "rondo/base/error.h"
#include "rondo/io/atomic_file.h"

namespace rondo::io {
namespace {

// zlib's own words: 15 bits of window, plus 16 for the gzip frame. The frame carries no time: equal content, equal
// file.
constexpr int kGzipWindow = 15 + 16;
constexpr int kMemoryLevel = 8;
constexpr size_t kChunkBytes = size_t{1} << 16;

}  // namespace

struct TextWriter::State {
  explicit State(const std::string& path) : file(path), compressed(path.ends_with(".gz")) {
    if (!compressed) return;
    const int code =
        deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, kMemoryLevel, Z_DEFAULT_STRATEGY);
    if (code != Z_OK) throw ResourceError("cannot write: " + path + ": no memory for the compressor; free memory");
  }
  ~State() {
    if (compressed) deflateEnd(&stream);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void deflate_all(std::string_view text, int flush) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    do {
      stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
      stream.avail_out = static_cast<uInt>(chunk.size());
      const int code = deflate(&stream, flush);
      RONDO_ASSERT(code != Z_STREAM_ERROR, "the compressor is fed in order");
      file.write({chunk.data(), chunk.size() - stream.avail_out});
    } while (stream.avail_out == 0);
  }

  AtomicFile file;
  bool compressed;
  z_stream stream{};
  std::array<char, kChunkBytes> chunk{};
};

TextWriter::TextWriter(const std::string& path) : state_(std::make_unique<State>(path)) {}
TextWriter::~TextWriter() = default;

void TextWriter::write(std::string_view text) {
  if (!state_->compressed) return state_->file.write(text);
  // zlib counts in 32 bits.
  constexpr size_t kMaxPiece = size_t{1} << 30;
  for (size_t at = 0; at < text.size(); at += kMaxPiece) state_->deflate_all(text.substr(at, kMaxPiece), Z_NO_FLUSH);
}

void TextWriter::commit() {
  if (state_->compressed) state_->deflate_all({}, Z_FINISH);
  state_->file.commit();
}

}  // namespace rondo::io
