#include "audit/cut.hpp"

#include <algorithm>

namespace seamline::audit {
namespace {

constexpr std::int64_t cache_kib = 32 * 1024;
/// Snapshots that are taken in all. Each takes far less time than the shop needs to commit, so that a few are enough.
constexpr std::int64_t most_turns = 1'000;

}  // namespace

std::string_view name_of(Owner owner) {
  switch (owner) {
    case Owner::inventory: return "inventory";
    case Owner::payment: return "payment";
    case Owner::order: return "order";
    case Owner::user: return "user";
  }
  return "";
}

Snapshot::Snapshot(Owner owner, const Source& source) : owner_(owner), database_(source, cache_kib) {}

void Snapshot::take(std::int64_t turn) {
  turn_ = turn;
  ownership_.clear();
  cursors_.clear();
  reached_.clear();
  receipts_.clear();
  head_ = {};
  database_.begin();
  for (Cursor row(database_, "SELECT log_id, epoch FROM ownership ORDER BY id"); row.next();) {
    ownership_.push_back({std::string(row.text(0)), row.integer(1)});
  }
  if (!ownership_.empty()) head_.log_id = ownership_.front().log_id;
  for (Cursor row(database_, "SELECT seq, hash FROM event_log ORDER BY seq DESC LIMIT 1"); row.next();) {
    head_.seq = row.integer(0);
    head_.hash = row.text(1);
  }
  for (Cursor row(database_, "SELECT publisher, log_id, seq, hash FROM cursors"); row.next();) {
    cursors_.push_back({std::string(row.text(0)), {std::string(row.text(1)), row.integer(2), std::string(row.text(3))}});
    reached_.push_back({cursors_.back().publisher, cursors_.back().place.seq});
  }
  if (database_.is_copy()) {
    for (Cursor row(database_, "SELECT publisher, max(seq) FROM applied GROUP BY publisher"); row.next();) {
      reached_.push_back({std::string(row.text(0)), row.integer(1)});
    }
  }
  for (Cursor row(database_, "SELECT subscriber, seq FROM receipts"); row.next();) {
    receipts_.push_back({std::string(row.text(0)), row.integer(1)});
  }
}

const SubscriberCursor* Snapshot::cursor_on(std::string_view publisher) const {
  for (const SubscriberCursor& cursor : cursors_) {
    if (cursor.publisher == publisher) return &cursor;
  }
  return nullptr;
}

Cut::Cut(const Stores& stores, std::function<void(Owner)> before_each) : before_each_(std::move(before_each)) {
  for (const Owner owner : owners) {
    auto& snapshot = snapshots_.at(static_cast<std::size_t>(owner));
    snapshot = std::make_unique<Snapshot>(owner, stores.at(static_cast<std::size_t>(owner)));
  }
  for (const Owner owner : owners) take(owner);
  while (const auto claim = doubtful()) {
    if (turn_ == most_turns) {
      throw ReadError(
          "The shop changes too fast for a consistent cut through its stores. Audit it again when it has less to do.");
    }
    take(claim->on);
    if (!is_fulfilled(*claim)) broken_.push_back(*claim);
  }
  // Orders name users, and users never go.
  if (of(Owner::user).turn() < of(Owner::order).turn()) take(Owner::user);
  for (const Owner owner : owners) database(owner).complete();
}

void Cut::take(Owner owner) {
  if (before_each_) before_each_(owner);
  of(owner).take(++turn_);
}

Snapshot* Cut::find(std::string_view module) {
  for (const auto& snapshot : snapshots_) {
    if (name_of(snapshot->owner()) == module) return snapshot.get();
  }
  return nullptr;
}

std::vector<Cut::Claim> Cut::claims() {
  std::vector<Claim> found;
  for (const auto& snapshot : snapshots_) {
    for (const Reached& reached : snapshot->reached()) {
      if (const Snapshot* publisher = find(reached.publisher)) {
        found.push_back({snapshot->owner(), publisher->owner(), false, reached.seq});
      }
    }
    for (const Receipt& receipt : snapshot->receipts()) {
      if (const Snapshot* subscriber = find(receipt.subscriber)) {
        found.push_back({snapshot->owner(), subscriber->owner(), true, receipt.seq});
      }
    }
  }
  return found;
}

bool Cut::is_fulfilled(const Claim& claim) {
  if (!claim.is_receipt) return claim.seq <= of(claim.on).head().seq;
  const SubscriberCursor* cursor = of(claim.on).cursor_on(name_of(claim.by));
  return claim.seq <= (cursor == nullptr ? 0 : cursor->place.seq);
}

std::optional<Cut::Claim> Cut::doubtful() {
  for (const Claim& claim : claims()) {
    if (!is_fulfilled(claim) && of(claim.on).turn() < of(claim.by).turn() && !is_broken(claim)) return claim;
  }
  return std::nullopt;
}

bool Cut::is_broken(const Claim& claim) const {
  return std::any_of(broken_.begin(), broken_.end(), [&](const Claim& other) {
    return other.by == claim.by && other.on == claim.on && other.is_receipt == claim.is_receipt;
  });
}

void Cut::check_unchanged() {
  for (const auto& snapshot : snapshots_) snapshot->database().check_unchanged();
}

}  // namespace seamline::audit
