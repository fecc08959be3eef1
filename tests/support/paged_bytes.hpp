#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace seamline::test {

/// The bytes of a file, in pages that copies share until one of them writes: a copy costs a pointer a page. What was never
/// written reads as zeros. Not thread-safe, not even two copies.
class PagedBytes {
 public:
  static constexpr std::size_t page_bytes = 4096;

  std::size_t size() const { return size_; }

  /// Reads what there is from `offset` on. Returns how many bytes that were.
  std::size_t read(std::size_t offset, std::span<char> into) const {
    if (offset >= size_) return 0;
    const std::size_t wanted = std::min(into.size(), size_ - offset);
    for (std::size_t done = 0; done < wanted;) {
      const auto [page, within, length] = piece(offset + done, wanted - done);
      if (pages_[page]) {
        std::memcpy(into.data() + done, pages_[page]->data() + within, length);
      } else {
        std::memset(into.data() + done, 0, length);
      }
      done += length;
    }
    return wanted;
  }

  void write(std::size_t offset, std::string_view bytes) {
    if (bytes.empty()) return;
    grow(offset + bytes.size());
    for (std::size_t done = 0; done < bytes.size();) {
      const auto [page, within, length] = piece(offset + done, bytes.size() - done);
      std::memcpy(own(page).data() + within, bytes.data() + done, length);
      done += length;
    }
  }

  void resize(std::size_t size) {
    const bool shrinks = size < size_;
    size_ = size;
    pages_.resize((size + page_bytes - 1) / page_bytes);
    const std::size_t end = size % page_bytes;
    // What is cut off must not come back when the file grows again.
    if (shrinks && end != 0 && pages_.back()) std::memset(own(pages_.size() - 1).data() + end, 0, page_bytes - end);
  }

  /// Takes over the pages of another that hold these bytes of it, and grows to hold them.
  void share(const PagedBytes& from, std::size_t offset, std::size_t length) {
    if (offset >= from.size_ || length == 0) return;
    const std::size_t end = std::min(offset + length, from.size_);
    grow(end);
    for (std::size_t page = offset / page_bytes; page <= (end - 1) / page_bytes; ++page) pages_[page] = from.pages_[page];
  }

 private:
  using Page = std::array<char, page_bytes>;
  struct Piece {
    std::size_t page;
    std::size_t within;
    std::size_t length;
  };

  static Piece piece(std::size_t offset, std::size_t length) {
    const std::size_t within = offset % page_bytes;
    return {offset / page_bytes, within, std::min(length, page_bytes - within)};
  }
  void grow(std::size_t size) {
    if (size > size_) resize(size);
  }
  Page& own(std::size_t page) {
    if (!pages_[page]) {
      pages_[page] = std::make_shared<Page>();
    } else if (pages_[page].use_count() > 1) {
      pages_[page] = std::make_shared<Page>(*pages_[page]);
    }
    return *pages_[page];
  }

  std::size_t size_ = 0;
  std::vector<std::shared_ptr<Page>> pages_;
};

}  // namespace seamline::test
