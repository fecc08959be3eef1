#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "config/key.hpp"
#include "contract/decode.hpp"

namespace seamline::config {

namespace errors {
inline constexpr ErrorCode unreadable{"config.unreadable", Kind::invalid};
inline constexpr ErrorCode unknown_key{"config.unknown_key", Kind::invalid};
inline constexpr ErrorCode invalid{"config.invalid", Kind::invalid};
}  // namespace errors

/// The values that were set, layer over layer: defaults < file < environment < flags. Each remembers where it came from.
/// Add the layers in that order. Not thread-safe.
class Layers {
 public:
  static constexpr std::size_t max_file_bytes = std::size_t{1} << 20U;

  /// `keys` are all that there are.
  explicit Layers(std::vector<Key> keys);

  /// A JSON file, comments allowed; a member "$schema" is for editors. Errors: config.unreadable, config.unknown_key.
  Result<void> add_file(const std::filesystem::path& path);
  /// The same from text; `name` stands for the file in messages.
  Result<void> add_text(const std::string& name, std::string_view text);
  /// Variables `PREFIX_SECTION__KEY=value`; `prefix` ends with the underscore. Those named in `others` are not configuration.
  /// Errors: config.unknown_key, config.invalid.
  Result<void> add_environment(std::span<const std::pair<std::string, std::string>> variables, std::string_view prefix,
                               std::span<const std::string_view> others);
  /// One value by its dotted path. `origin` says in messages where it was set. Errors: config.unknown_key, config.invalid.
  Result<void> set(std::string_view dotted_path, std::string_view text, const std::string& origin);

  const json::Value& tree() const { return tree_; }
  /// Where the value at a dotted path was set: "default", or the file and line, the variable, the flag.
  std::string origin_of(std::string_view dotted_path) const;
  /// The error of values that broke the limits of their declaration, each with its origin.
  Error explain(const Error& decoding_error) const;

 private:
  Result<void> merge(json::Value& into, json::Value&& from, const Key& section, const std::string& path, const std::string& file,
                     std::string_view text);
  Error unknown(const std::string& origin, const Key& section, const std::string& path, std::string_view name) const;

  Key root_;
  json::Value tree_;
  std::map<std::string, std::string, std::less<>> origins_;
};

/// The configuration that the layers amount to, over the defaults of `T`. Errors: config.invalid.
template <Message T>
Result<T> read(const Layers& layers) {
  T out{};
  Decoding decoding(Reading::overlay);
  decode_members(decoding, layers.tree(), out);
  if (!decoding.ok()) return fail(layers.explain(decoding.error()));
  return out;
}

}  // namespace seamline::config
