#include <set>

#include "support/catch.hpp"
#include "support/simulated_files.hpp"

using namespace seamline;
using namespace seamline::test;

namespace {

constexpr std::size_t sector = 512;

std::string text(const PagedBytes& bytes) {
  std::string read(bytes.size(), '\0');
  bytes.read(0, read);
  return read;
}

/// What a loss of power leaves of a file, over many seeds.
std::set<std::string> outcomes(const FileBytes& bytes) {
  std::set<std::string> found;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SeededRandom random(seed);
    found.insert(text(bytes.after_power_loss(random).seen()));
  }
  return found;
}

FileBytes synced(const std::string& bytes) {
  FileBytes file;
  file.write(0, bytes);
  file.sync();
  return file;
}

}  // namespace

TEST_CASE("the bytes of a file behave as one string, whatever the pages, and a copy keeps what it had") {
  SeededRandom random(1);
  for (int run = 0; run < 50; ++run) {
    PagedBytes bytes;
    std::string model;
    for (int step = 0; step < 40; ++step) {
      const PagedBytes copy = bytes;
      const std::string before = model;
      const std::size_t at = random.below(20'000);
      if (random.below(4) == 0) {
        bytes.resize(at);
        model.resize(at);
      } else {
        const std::string written(1 + random.below(9'000), static_cast<char>('a' + step % 26));
        if (model.size() < at + written.size()) model.resize(at + written.size());
        model.replace(at, written.size(), written);
        bytes.write(at, written);
      }
      REQUIRE(text(bytes) == model);
      REQUIRE(text(copy) == before);
    }
  }
}

TEST_CASE("what is synced is all that there is after a loss of power") {
  SeededRandom random(1);
  for (int run = 0; run < 50; ++run) {
    FileBytes file;
    for (int step = 0; step < 40; ++step) {
      const std::size_t at = random.below(20'000);
      if (random.below(4) == 0) {
        file.truncate(at);
      } else {
        file.write(at, std::string(1 + random.below(9'000), static_cast<char>('a' + step % 26)));
      }
      if (random.below(5) != 0) continue;
      file.sync();
      REQUIRE(text(file.after_power_loss(random).seen()) == text(file.seen()));
    }
  }
}

TEST_CASE("an unsynced write is kept, lost or torn between sectors, and no byte beside it changes") {
  FileBytes file = synced(std::string(4 * sector, 'a'));
  file.write(100, std::string(3 * sector, 'b'));
  const std::set<std::string> found = outcomes(file);
  // It touches four sectors, the first and the last in part.
  CHECK(found.size() == 16);
  for (const std::string& one : found) {
    CHECK(one.size() == 4 * sector);
    CHECK(one.substr(0, 100) == std::string(100, 'a'));
    CHECK(one.substr(3 * sector + 100) == std::string(sector - 100, 'a'));
    CHECK(one.find_first_not_of("ab") == std::string::npos);
    for (std::size_t at : {sector, 2 * sector}) CHECK(one.substr(at, sector) == std::string(sector, one[at]));
  }
}

TEST_CASE("a later unsynced write may be kept where an earlier one is lost, and a truncation may be lost") {
  FileBytes file = synced("aaaa");
  file.write(0, "b");
  file.write(1, "c");
  file.truncate(2);
  CHECK(outcomes(file) == std::set<std::string>{"aaaa", "baaa", "acaa", "bcaa", "aa", "ba", "ac", "bc"});
}

TEST_CASE("where a file has grown, a lost sector may hold anything") {
  FileBytes file = synced("");
  file.write(0, std::string(2 * sector, 'b'));
  bool has_zeros = false;
  bool has_garbage = false;
  for (const std::string& one : outcomes(file)) {
    if (one.size() < 2 * sector || one[0] == 'b') continue;
    (one.substr(0, sector) == std::string(sector, '\0') ? has_zeros : has_garbage) = true;
  }
  CHECK(has_zeros);
  CHECK(has_garbage);
}

TEST_CASE("what a failed sync has lost no later sync makes durable") {
  std::set<std::string> found;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SeededRandom random(seed);
    FileBytes file = synced("a");
    file.write(0, "b");
    file.fail_sync(random);
    CHECK(text(file.seen()) == "b");
    file.sync();
    found.insert(text(file.after_power_loss(random).seen()));
  }
  CHECK(found == std::set<std::string>{"a", "b"});
}

TEST_CASE("that a file is made or removed is durable with a sync of its folder") {
  std::set<std::string> found;
  const auto names_of = [](const SimulatedFolder& folder) {
    std::string names;
    for (const auto& [name, file] : folder.seen()) names += name;
    return names;
  };
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SeededRandom random(seed);
    SimulatedFolder folder;
    folder.make("a")->bytes.write(0, "x");
    folder.find("a")->bytes.sync();
    folder.make("b");
    folder.sync();
    CHECK(names_of(*folder.after_power_loss(random)) == "ab");
    CHECK(folder.remove("a"));
    CHECK_FALSE(folder.remove("a"));
    folder.make("c")->bytes.sync();
    CHECK(names_of(*folder.after_kill()) == "bc");
    const auto left = folder.after_kill()->after_power_loss(random);
    if (const auto back = left->find("a")) CHECK(text(back->bytes.seen()) == "x");
    found.insert(names_of(*left));
  }
  CHECK(found == std::set<std::string>{"ab", "abc", "b", "bc"});
}
