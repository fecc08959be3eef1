#pragma once

namespace seamline::simulation {

/// Gives SQLite the memory of this program's own allocator, which serves `new` as well: lists of free blocks by their size, for
/// one thread. A run takes and gives back some hundred thousand blocks; the C library's takes four times as long for them. Before
/// SQLite's first use.
void give_sqlite_our_memory();

}  // namespace seamline::simulation
