#pragma once

#include <string_view>

/// What an answer of `GET /events/<module>` says of the log beside the entries: the names of its headers.
namespace seamline::events {

/// The log's random id, new when a store is made or replaced.
inline constexpr std::string_view log_id_header = "Seamline-Log-Id";
/// The epoch of the log's owner.
inline constexpr std::string_view log_epoch_header = "Seamline-Log-Epoch";
/// The seq of the last entry.
inline constexpr std::string_view log_head_header = "Seamline-Log-Head";

inline constexpr std::string_view batch_content_type = "application/cloudevents-batch+json";

}  // namespace seamline::events
