#include "host/remote_watch.hpp"

#include "base/fault.hpp"
#include "observe/log.hpp"

namespace seamline::host {
namespace {

http::Client::Options client_options(std::int64_t timeout_ms) {
  return {.time = {timeout_ms, timeout_ms, timeout_ms}, .max_reply_bytes = std::size_t{64} << 10U};
}

constexpr ErrorCode not_ready{"call.unavailable", Kind::unavailable};

}  // namespace

RemoteWatch::RemoteWatch(std::string module, http::Endpoints& endpoints, CheckContract check, const Clock& clock, Options options)
    : module_(std::move(module)), check_(std::move(check)), clock_(clock), options_(options), endpoints_(endpoints) {}

bool RemoteWatch::step() {
  if (clock_.monotonic() < next_look_) return false;
  look();
  next_look_ = clock_.monotonic().plus_ms(was_well_ ? options_.poll_ms : options_.first_poll_ms);
  return false;
}

Result<void> RemoteWatch::choose_instance() {
  auto url = endpoints_.choose();
  if (!url) return fail(std::move(url.error()));
  const std::lock_guard lock(mutex_);
  if (is_finished_) return fail(not_ready, "this process stops");
  if (client_ && *url == url_) return {};
  url_ = std::move(*url);
  client_ = std::make_unique<http::Client>(url_, client_options(options_.timeout_ms));
  return {};
}

void RemoteWatch::look() {
  if (const auto chosen = choose_instance(); !chosen) return set(RemoteHealth::down, chosen.error().detail);
  // Whoever answers again after a while may be another build.
  if (health() != RemoteHealth::well) {
    const auto document = get("/contract");
    if (!document) return set(RemoteHealth::down, document.error().detail);
    if (const auto fits = check_(*document); !fits) return set(RemoteHealth::mismatched, fits.error().detail);
    SEAMLINE_CRASH_POINT(module_, "handshake-answered");
    has_answered_.store(true);
  }
  const auto ready = get("/readyz");
  set(ready ? RemoteHealth::well : RemoteHealth::down, ready ? std::string() : ready.error().detail);
}

Result<std::string> RemoteWatch::get(const std::string& path) {
  auto response = client_->send({"GET", path, {}, {}, {}});
  if (!response) return fail(std::move(response.error()));
  if (response->status == 200) return std::move(response->body);
  return fail(not_ready, "it answers " + path + " with " + std::to_string(response->status));
}

void RemoteWatch::set(RemoteHealth health, std::string detail) {
  const RemoteHealth before = health_.exchange(health);
  if (health == RemoteHealth::well && before != health && was_well_) {
    observe::log_info("host", "the module " + module_ + " is well again");
  }
  if (before != health && (health == RemoteHealth::mismatched || before == RemoteHealth::well)) {
    observe::log_warning("host", "the module " + module_ + " is not well: " + detail);
  }
  was_well_ = was_well_ || health == RemoteHealth::well;
  const std::lock_guard lock(mutex_);
  detail_ = std::move(detail);
}

void RemoteWatch::finish() {
  const std::lock_guard lock(mutex_);
  is_finished_ = true;
  if (client_) client_->interrupt();
}

std::string RemoteWatch::detail() const {
  const std::lock_guard lock(mutex_);
  return detail_;
}

}  // namespace seamline::host
