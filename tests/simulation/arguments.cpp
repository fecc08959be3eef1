#include "arguments.hpp"

#include <charconv>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

namespace seamline::simulation {
namespace {

constexpr ErrorCode bad_usage{"simulation.usage", Kind::malformed};

template <class T>
Result<void> read_number(const std::string& text, T least, T most, T& number) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem == std::errc() && end == text.data() + text.size() && number >= least && number <= most) return {};
  return fail(bad_usage, text + " is no number from " + std::to_string(least) + " to " + std::to_string(most) + ".");
}

Result<void> read_only(const std::string& list, FaultPlan& plan) {
  plan.only.emplace();
  std::istringstream items(list);
  for (std::string item; std::getline(items, item, ',');) {
    std::int64_t number = 0;
    if (auto read = read_number<std::int64_t>(item, 0, INT64_MAX, number); !read) return read;
    plan.only->insert(number);
  }
  return {};
}

Result<void> read_faults(const std::string& list, FaultPlan& plan) {
  auto kinds = FaultPlan::parse(list);
  if (!kinds) return fail(std::move(kinds.error()));
  const auto only = plan.only;
  plan = std::move(*kinds);
  plan.only = only;
  return {};
}

/// What each option with a value does with it.
using Readers = std::map<std::string, std::function<Result<void>(Arguments&, const std::string&)>, std::less<>>;

const Readers& readers() {
  constexpr auto keep = [](std::string& where, const std::string& value) -> Result<void> {
    where = value;
    return {};
  };
  static const Readers all{
      {"--seeds", [](Arguments& to, const auto& value) { return read_number<std::int64_t>(value, 1, 100'000'000, to.seeds); }},
      {"--first", [](Arguments& to, const auto& value) { return read_number<std::uint64_t>(value, 0, UINT64_MAX, to.run.seed); }},
      {"--seed", [](Arguments& to, const auto& value) { return read_number<std::uint64_t>(value, 0, UINT64_MAX, to.run.seed); }},
      {"--jobs", [](Arguments& to, const auto& value) { return read_number(value, 1, 256, to.jobs); }},
      {"--placement", [](Arguments& to, const auto& value) { return read_number(value, 0, 15, to.run.placement); }},
      {"--orders", [](Arguments& to, const auto& value) { return read_number(value, 1, 100'000, to.run.orders); }},
      {"--faults", [](Arguments& to, const auto& value) { return read_faults(value, to.run.faults); }},
      {"--only", [](Arguments& to, const auto& value) { return read_only(value, to.run.faults); }},
      {"--mistakes", [keep](Arguments& to, const auto& value) { return keep(to.run.mistakes, value); }},
      {"--trace", [keep](Arguments& to, const auto& value) { return keep(to.trace_path, value); }},
      {"--graveyard", [keep](Arguments& to, const auto& value) { return keep(to.graveyard, value); }}};
  return all;
}

}  // namespace

Result<Arguments> read_arguments(const std::vector<std::string>& words) {
  Arguments arguments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--shrink" || word == "--verbose") {
      (word == "--shrink" ? arguments.shrinks : arguments.is_verbose) = true;
      continue;
    }
    const auto reader = readers().find(word);
    if (reader == readers().end()) return fail(bad_usage, word + " is no option.");
    if (i + 1 == words.size()) return fail(bad_usage, word + " needs a value.");
    if (auto read = reader->second(arguments, words[++i]); !read) return fail(bad_usage, word + ": " + read.error().detail);
  }
  if (!arguments.trace_path.empty()) arguments.jobs = 1;
  return arguments;
}

Result<std::vector<RunOptions>> read_graveyard(const std::string& path) {
  std::ifstream file(path);
  if (!file) return fail(bad_usage, path + " cannot be read.");
  std::vector<RunOptions> runs;
  for (std::string line; std::getline(file, line);) {
    std::istringstream rest(line.substr(0, line.find('#')));
    std::vector<std::string> words;
    for (std::string word; rest >> word;) words.push_back(word);
    if (words.empty()) continue;
    const auto arguments = read_arguments(words);
    if (!arguments) return fail(bad_usage, path + ": " + arguments.error().detail);
    runs.push_back(arguments->run);
  }
  return runs;
}

}  // namespace seamline::simulation
