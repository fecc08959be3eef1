#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "contract/routes.hpp"

namespace seamline::http {

/// The codes that may come with each status.
using CodesByStatus = std::map<int, std::vector<std::string_view>>;

/// The declared errors of an operation, and those that the kernel adds to it by the form of its request, its access and what
/// repeating it does.
CodesByStatus possible_errors(const OperationRoute& route);

}  // namespace seamline::http
