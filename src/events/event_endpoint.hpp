#pragma once

#include <memory>

#include "http/message.hpp"
#include "seam/gate.hpp"
#include "store/store.hpp"

namespace seamline::events {

/// The publisher's side of the http carrier: answers `GET /events/<module>` and `PUT /events/<module>/receipts/<subscriber>`
/// for one module's log (decisions/0012). Thread-safe.
class EventEndpoint {
 public:
  struct Options {
    /// Requests that may wait for an entry at once, each with a connection and its thread; a further one is answered at once.
    std::int64_t max_polls = 32;
    /// Of one answer. Fewer are sent where they would exceed `max_bytes`, but always one.
    std::int64_t max_entries = 1000;
    std::size_t max_bytes = std::size_t{4} << 20U;
    std::int64_t max_wait_ms = 30'000;
  };

  /// The publisher's store and gate exist and outlive the endpoint; its writer's thread is not started yet.
  EventEndpoint(store::Store& publisher, seam::Gate& gate, Options options);
  EventEndpoint(store::Store& publisher, seam::Gate& gate) : EventEndpoint(publisher, gate, Options()) {}
  ~EventEndpoint();

  /// Answers any request whose path starts with `/events/<module>`. `peer` is the name that the caller has proven; empty where
  /// nobody has to prove one.
  http::Response handle(const http::Request& request, std::string_view peer);

  /// `GET /events/<module>?after=SEQ&log=ID&epoch=E&hash=HEX&limit=N&wait=MS`: a batch of the entries behind that place. Where
  /// there is none yet, waits for one for up to `wait` ms. Problems: request.malformed 400; events.diverged 409 where the place
  /// is none of this log.
  http::Response read(const http::Request& request);
  /// `PUT …/receipts/<subscriber>` with `{"seq":…}`: how far that subscriber has applied the log, durably. The answer is the
  /// receipt that stands, which never goes back. Problems: events.foreign_receipt 403 where `peer` is another one;
  /// events.diverged 409 where it is past the head; those of the gate and of a write.
  http::Response receipt(const http::Request& request, std::string_view peer);

  /// Ends all waiting, for good: before the server that calls this stops. Idempotent.
  void stop();

 private:
  class Waiting;
  struct Query;

  Result<Query> parse_query(std::string_view text) const;
  /// Sets `is_empty` where there is nothing to send.
  Result<http::Response> answer(const Query& query, bool& is_empty);

  store::Store& publisher_;
  seam::Gate& gate_;
  const Options options_;
  const std::string path_;
  /// Shared with the writer, which may call it a last time while the endpoint goes.
  const std::shared_ptr<Waiting> waiting_;
};

}  // namespace seamline::events
