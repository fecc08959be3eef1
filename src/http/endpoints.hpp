#pragma once

#include <string>

#include "base/result.hpp"

namespace seamline::http {

/// Where one module is reached: its url, or one of several instances that discovery knows. Thread-safe.
class Endpoints {
 public:
  virtual ~Endpoints() = default;
  /// The base url (`http://host:port`) for the next request. Errors: call.no_instance while none is known to be well.
  virtual Result<std::string> choose() = 0;
  /// What became of a request there: one that keeps failing is left out for a while, where there are others.
  virtual void report(const std::string& url, bool has_answered) = 0;
};

/// The one address that the configuration names.
class FixedEndpoint final : public Endpoints {
 public:
  explicit FixedEndpoint(std::string url) : url_(std::move(url)) {}
  Result<std::string> choose() override { return url_; }
  void report(const std::string&, bool) override {}

 private:
  const std::string url_;
};

}  // namespace seamline::http
