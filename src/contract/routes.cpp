#include "contract/routes.hpp"

#include <algorithm>
#include <map>

#include "base/assert.hpp"

namespace seamline {
namespace {

constexpr std::array<std::string_view, 5> verb_names{"GET", "POST", "PUT", "PATCH", "DELETE"};

/// Takes the next segment off a path that starts with a slash.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const auto end = path.find('/');
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end == std::string_view::npos ? path.size() : end);
  return segment;
}

}  // namespace

std::string_view name_of(Verb verb) { return verb_names[static_cast<std::size_t>(verb)]; }

std::optional<Verb> verb_from_name(std::string_view name) {
  for (std::size_t i = 0; i < verb_names.size(); ++i) {
    if (verb_names[i] == name) return static_cast<Verb>(i);
  }
  return std::nullopt;
}

bool is_in_body(const OperationRoute& route, std::string_view member) {
  return route.route.verb != Verb::get && !is_path_member(route.route.path, member);
}

bool has_body(const OperationRoute& route) {
  const auto& members = route.request->members;
  return std::any_of(members.begin(), members.end(),
                     [&](const MemberDescriptor& member) { return is_in_body(route, member.name); });
}

/// One segment of the patterns' tree.
struct RouteTable::Node {
  std::map<std::string_view, std::unique_ptr<Node>> literals;
  std::unique_ptr<Node> parameter;
  std::array<const OperationRoute*, verb_names.size()> by_verb{};

  bool has_routes() const {
    for (const auto* route : by_verb) {
      if (route != nullptr) return true;
    }
    return false;
  }

  /// The node of a path, literals first; its parameters' values go to `values`.
  const Node* find(std::string_view path, std::vector<std::string_view>& values) const {
    if (path.empty()) return has_routes() ? this : nullptr;
    const std::string_view segment = take_segment(path);
    if (const auto literal = literals.find(segment); literal != literals.end()) {
      if (const Node* found = literal->second->find(path, values)) return found;
    }
    if (!parameter || segment.empty() || values.size() >= max_segments) return nullptr;
    values.push_back(segment);
    if (const Node* found = parameter->find(path, values)) return found;
    values.pop_back();
    return nullptr;
  }
};

RouteTable::RouteTable(std::vector<OperationRoute> routes) : routes_(std::move(routes)), root_(std::make_unique<Node>()) {
  for (const OperationRoute& route : routes_) {
    Node* node = root_.get();
    SEAMLINE_ASSERT(static_cast<std::size_t>(std::count(route.route.path.begin(), route.route.path.end(), '{')) <= max_segments);
    for (std::string_view path = route.route.path; !path.empty();) {
      const std::string_view segment = take_segment(path);
      auto& next = segment.starts_with('{') ? node->parameter : node->literals[segment];
      if (!next) next = std::make_unique<Node>();
      node = next.get();
    }
    const OperationRoute*& place = node->by_verb[static_cast<std::size_t>(route.route.verb)];
    SEAMLINE_ASSERT(place == nullptr);
    place = &route;
  }
}

RouteTable::~RouteTable() = default;

RouteTable::Match RouteTable::find(std::optional<Verb> verb, std::string_view path) const {
  Match match;
  if (!path.starts_with('/')) return match;
  std::vector<std::string_view> values;
  const Node* node = root_->find(path, values);
  if (node == nullptr) return match;
  match.route = verb ? node->by_verb[static_cast<std::size_t>(*verb)] : nullptr;
  if (match.route == nullptr) {
    for (std::size_t i = 0; i < verb_names.size(); ++i) {
      if (node->by_verb[i] != nullptr) match.other_verbs.push_back(static_cast<Verb>(i));
    }
    return match;
  }
  // The values were found in the order of the pattern; their names stand in the pattern.
  for (std::string_view pattern = match.route->route.path; !pattern.empty();) {
    const std::string_view segment = take_segment(pattern);
    if (!segment.starts_with('{')) continue;
    match.parameters[match.parameter_count] = {segment.substr(1, segment.size() - 2), values[match.parameter_count]};
    ++match.parameter_count;
  }
  return match;
}

}  // namespace seamline
