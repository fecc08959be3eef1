#include "allocator.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace seamline::simulation {
namespace {

/// Blocks of up to this size come in steps of 16 bytes, larger ones in powers of two.
constexpr std::size_t small_bytes = 512;
constexpr std::size_t large_bytes = std::size_t{256} << 10U;
constexpr std::size_t slab_bytes = std::size_t{1} << 20U;
constexpr std::size_t step_bytes = 16;

/// Before each block: which list it belongs to, and how large it is. As large as what must be aligned.
struct alignas(16) Head {
  std::uint32_t list;
  std::uint32_t bytes;
};
constexpr std::uint32_t no_list = UINT32_MAX;

struct Free {
  Free* next;
};

std::array<Free*, 64> free_blocks{};
std::byte* slab = nullptr;
std::size_t slab_left = 0;

std::uint32_t list_of(std::size_t bytes) {
  if (bytes <= small_bytes) return static_cast<std::uint32_t>((bytes + step_bytes - 1) / step_bytes);
  return static_cast<std::uint32_t>(small_bytes / step_bytes + static_cast<std::size_t>(std::bit_width(bytes - 1)) - 8);
}

std::size_t bytes_of(std::uint32_t list) {
  if (list <= small_bytes / step_bytes) return std::max<std::size_t>(list * step_bytes, step_bytes);
  return std::size_t{1} << (list - small_bytes / step_bytes + 8);
}

void* with_head(void* memory, std::uint32_t list, std::size_t bytes) {
  if (memory == nullptr) return nullptr;
  auto* head = static_cast<Head*>(memory);
  head->list = list;
  head->bytes = static_cast<std::uint32_t>(std::min<std::size_t>(bytes, UINT32_MAX));
  return head + 1;
}

Head& head_of(void* block) { return *(static_cast<Head*>(block) - 1); }

void* allocate(std::size_t bytes) {
  if (bytes > large_bytes) return with_head(std::malloc(bytes + sizeof(Head)), no_list, bytes);
  const std::uint32_t list = list_of(bytes);
  if (Free* block = free_blocks[list]; block != nullptr) {
    free_blocks[list] = block->next;
    return block;
  }
  const std::size_t whole = bytes_of(list) + sizeof(Head);
  if (slab_left < whole) {
    slab = static_cast<std::byte*>(std::malloc(slab_bytes));
    slab_left = slab == nullptr ? 0 : slab_bytes;
    if (slab == nullptr) return nullptr;
  }
  void* block = with_head(slab, list, bytes_of(list));
  slab += whole;
  slab_left -= whole;
  return block;
}

void release(void* block) {
  if (block == nullptr) return;
  const Head& head = head_of(block);
  if (head.list == no_list) return std::free(static_cast<Head*>(block) - 1);
  const std::uint32_t list = head.list;
  auto* freed = static_cast<Free*>(block);
  freed->next = free_blocks[list];
  free_blocks[list] = freed;
}

void* resize(void* block, int bytes) {
  if (static_cast<std::size_t>(bytes) <= head_of(block).bytes) return block;
  void* larger = allocate(static_cast<std::size_t>(bytes));
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, block, head_of(block).bytes);
  release(block);
  return larger;
}

}  // namespace

void give_sqlite_our_memory() {
  static const sqlite3_mem_methods methods{[](int bytes) { return allocate(static_cast<std::size_t>(bytes)); },
                                           release,
                                           resize,
                                           [](void* block) { return static_cast<int>(head_of(block).bytes); },
                                           [](int bytes) { return (bytes + 7) & ~7; },
                                           [](void*) { return SQLITE_OK; },
                                           [](void*) {},
                                           nullptr};
  sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

}  // namespace seamline::simulation

// The whole program's. The forms for arrays come here too (ISO C++20, [new.delete.array]).
void* operator new(std::size_t bytes) {
  void* block = seamline::simulation::allocate(bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void operator delete(void* block) noexcept { seamline::simulation::release(block); }
void operator delete(void* block, std::size_t) noexcept { seamline::simulation::release(block); }
