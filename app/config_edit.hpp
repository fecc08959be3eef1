#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace seamline::app {

/// A configuration file's text with one text member set: replaced where it is, else added as the last one of its object, with
/// the objects around it where they are missing. All other bytes stay: comments, order, blanks, line ends, a byte order mark.
/// What is added looks like its neighbours; in an object on one line it stays on that line.
/// `path` names the member from the outside in, at least one name. Setting what is set already gives the same text.
/// Errors: config.unreadable where the text is no JSON object (comments allowed); config.invalid where a value on the path is
/// no object.
Result<std::string> set_text_member(std::string_view text, std::span<const std::string_view> path, std::string_view value);

}  // namespace seamline::app
