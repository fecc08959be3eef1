#include "observe/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace seamline;

namespace {

/// What `work` writes to standard error.
std::string standard_error_of(const std::function<void()>& work) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() / "stderr";
  std::fflush(stderr);
  const int kept = ::dup(STDERR_FILENO);
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(file, STDERR_FILENO);
  ::close(file);
  work();
  std::fflush(stderr);
  ::dup2(kept, STDERR_FILENO);
  ::close(kept);
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a line has time, level, component and message") {
  const std::string line = standard_error_of([] { observe::log_warning("store", "the disk is slow"); });
  CHECK(line.size() > 30);
  CHECK(line[4] == '-');
  CHECK(line[10] == 'T');
  CHECK(line[23] == 'Z');
  CHECK(line.ends_with(" warning store: the disk is slow\n"));
}

TEST_CASE("what a client sends cannot forge a line, colour a terminal or act as a format") {
  const std::string line = standard_error_of(
      [] { observe::log_error("http", "a\nerror: forged\r\x1b[31mred\x7f" + std::string(1, '\0') + " {} %s {0}"); });
  CHECK(std::count(line.begin(), line.end(), '\n') == 1);
  CHECK(has(line, "a\\x0aerror: forged\\x0d\\x1b[31mred\\x7f\\x00 {} %s {0}"));
  CHECK_FALSE(has(line, "\x1b"));
}

TEST_CASE("the level hides what is below it, and a word that is no level changes nothing") {
  const std::string lines = standard_error_of([] {
    observe::set_log_level("error");
    observe::set_log_level("nonsense");
    observe::log_info("a", "hidden");
    observe::log_warning("a", "hidden");
    observe::log_error("a", "shown");
    observe::set_log_level("off");
    observe::log_error("a", "hidden");
    observe::set_log_level("info");
    observe::log_info("a", "again");
  });
  CHECK_FALSE(has(lines, "hidden"));
  CHECK(has(lines, "shown"));
  CHECK(has(lines, "again"));
}

TEST_CASE("lines of many threads stay whole") {
  const std::string lines = standard_error_of([] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([] {
        for (int n = 0; n < 50; ++n) observe::log_info("t", std::string(200, 'x'));
      });
    }
    for (auto& thread : threads) thread.join();
  });
  std::stringstream read(lines);
  int whole = 0;
  for (std::string line; std::getline(read, line);) whole += line.ends_with(" info t: " + std::string(200, 'x')) ? 1 : 0;
  CHECK(whole == 200);
}
