#include "events/kafka_headers.hpp"

#include <algorithm>
#include <string_view>

namespace seamline::events {
namespace {

constexpr std::string_view prefix = "ce_";
constexpr std::string_view content_type = "content-type";
constexpr std::string_view data_content_type = "datacontenttype";

bool is_content_type(std::string_view name) {
  return std::ranges::equal(name, content_type, [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

}  // namespace

KafkaOwned<rd_kafka_headers_t> kafka_headers(const BrokerEvent& event) {
  KafkaOwned<rd_kafka_headers_t> headers{rd_kafka_headers_new(event.attributes.size())};
  std::string name;
  for (const auto& [attribute, value] : event.attributes) {
    name = attribute == data_content_type ? content_type : prefix;
    if (attribute != data_content_type) name += attribute;
    rd_kafka_header_add(headers.get(), name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  }
  return headers;
}

BrokerEvent kafka_event(rd_kafka_message_t& message) {
  const auto text = [](const void* bytes, std::size_t size) {
    return bytes != nullptr ? std::string(static_cast<const char*>(bytes), size) : std::string();
  };
  BrokerEvent event{text(message.key, message.key_len), {}, text(message.payload, message.len)};
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return event;
  event.attributes.reserve(rd_kafka_header_cnt(headers));
  const char* found = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &found, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    const std::string_view name = found;
    if (is_content_type(name)) {
      event.attributes.emplace_back(data_content_type, text(value, size));
    } else if (name.starts_with(prefix) && name.size() > prefix.size()) {
      event.attributes.emplace_back(name.substr(prefix.size()), text(value, size));
    }
  }
  return event;
}

}  // namespace seamline::events
