#pragma once

#include <map>
#include <memory>

#include "http/client.hpp"
#include "observe/otlp.hpp"

namespace seamline::http {

/// Brings telemetry to a collector over connections that are kept, one for each host. For one thread at a time.
class HttpOtlpCarrier final : public observe::OtlpCarrier {
 public:
  /// `headers` go with each request: what the collector knows its senders by.
  explicit HttpOtlpCarrier(Headers headers) : headers_(std::move(headers)) {}

  observe::OtlpAnswer post(const std::string& url, const std::string& body, std::int64_t timeout_ms) override;

 private:
  const Headers headers_;
  std::map<std::string, std::unique_ptr<Client>> clients_;
};

}  // namespace seamline::http
