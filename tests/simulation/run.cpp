#include "run.hpp"

#include <charconv>
#include <ctime>

#include "world.hpp"

namespace seamline::simulation {
namespace {

constexpr ErrorCode unreadable{"simulation.unreadable", Kind::malformed};
constexpr char between_fields = '\t';
constexpr char between_items = '\x1E';
constexpr char line_break = '\x1F';

std::string replaced(std::string text, char what, char with) {
  std::replace(text.begin(), text.end(), what, with);
  return text;
}

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(at));
    parts.emplace_back(part);
    text.remove_prefix(std::min(text.size(), part.size() + 1));
  }
  return parts;
}

std::string write_counts(const std::map<std::string, std::int64_t>& counts) {
  std::string text;
  for (const auto& [name, count] : counts) text += name + "=" + std::to_string(count) + between_items;
  return text;
}

std::map<std::string, std::int64_t> read_counts(std::string_view text) {
  std::map<std::string, std::int64_t> counts;
  for (const std::string& item : split(text, between_items)) {
    const auto at = item.rfind('=');
    if (at != std::string::npos) counts[item.substr(0, at)] = std::stoll(item.substr(at + 1));
  }
  return counts;
}

std::string write_numbers(const std::vector<std::int64_t>& numbers) {
  std::string text;
  for (const std::int64_t number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

}  // namespace

std::string RunOptions::text() const {
  std::string text = "--seed " + std::to_string(seed);
  if (placement >= 0) text += " --placement " + std::to_string(placement);
  if (faults.text() != "all") text += " --faults " + faults.text();
  if (faults.only) {
    const std::string numbers = write_numbers({faults.only->begin(), faults.only->end()});
    text += " --only " + (numbers.empty() ? "0" : numbers);
  }
  if (orders != RunOptions().orders) text += " --orders " + std::to_string(orders);
  if (!mistakes.empty()) text += " --mistakes " + mistakes;
  return text;
}

std::string write_result(const RunResult& result) {
  std::string text;
  const auto add = [&](const std::string& field) { text += replaced(field, between_fields, ' ') + between_fields; };
  add(replaced(result.failure, '\n', line_break));
  add(result.is_broken ? "broken" : "whole");
  add(std::to_string(result.trace_hash));
  add(std::to_string(result.trace_lines));
  add(std::to_string(result.simulated_ms));
  add(std::to_string(result.requests));
  add(std::to_string(result.cpu_us));
  add(write_numbers(result.faults));
  add(write_counts(result.counts));
  add(write_counts(result.examined));
  return text;
}

Result<RunResult> read_result(std::string_view line) {
  std::vector<std::string> fields;
  for (std::size_t end = line.find(between_fields); end != std::string_view::npos; end = line.find(between_fields)) {
    fields.emplace_back(line.substr(0, end));
    line.remove_prefix(end + 1);
  }
  if (fields.size() != 10) return fail(unreadable, "A result has ten fields.");
  RunResult result;
  result.failure = replaced(fields[0], line_break, '\n');
  result.is_broken = fields[1] == "broken";
  result.trace_hash = std::stoull(fields[2]);
  result.trace_lines = std::stoll(fields[3]);
  result.simulated_ms = std::stoll(fields[4]);
  result.requests = std::stoll(fields[5]);
  result.cpu_us = std::stoll(fields[6]);
  for (const std::string& number : split(fields[7], ',')) result.faults.push_back(std::stoll(number));
  result.counts = read_counts(fields[8]);
  result.examined = read_counts(fields[9]);
  return result;
}

RunResult run(const RunOptions& options, const Template& start, std::FILE* trace_file) {
  const std::clock_t began = std::clock();
  auto world = std::make_unique<World>(options, start, trace_file);
  RunResult result = world->run();
  // Its threads stand in the middle of their work, with all that they hold.
  if (result.is_broken) (void)world.release();
  world.reset();
  result.cpu_us = (std::clock() - began) * 1'000'000 / CLOCKS_PER_SEC;
  return result;
}

}  // namespace seamline::simulation
