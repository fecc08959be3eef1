#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/database.hpp"

namespace seamline::audit {

/// Whose store it is.
enum class Owner : std::uint8_t { inventory, payment, order, user };
inline constexpr std::array owners{Owner::inventory, Owner::payment, Owner::order, Owner::user};
std::string_view name_of(Owner owner);

/// Where each store is, by its owner.
using Stores = std::array<Source, owners.size()>;

/// A subscriber, a publisher whose log it follows, and the names of the events that it hears there, as SQL has a list.
struct Following {
  Owner subscriber;
  Owner publisher;
  std::string_view heard;
};
inline constexpr std::string_view life_of_an_order = "'OrderCreated', 'OrderConfirmed', 'OrderCancelled'";
inline constexpr std::array followings{Following{Owner::inventory, Owner::order, life_of_an_order},
                                       Following{Owner::inventory, Owner::payment, "'PaymentSuccess'"},
                                       Following{Owner::payment, Owner::inventory, "'InventoryFailed'"},
                                       Following{Owner::payment, Owner::order, life_of_an_order},
                                       Following{Owner::order, Owner::inventory, "'InventoryReserved', 'InventoryExpired'"},
                                       Following{Owner::order, Owner::payment, "'PaymentFailed', 'PaymentRefunded'"}};

struct Ownership {
  std::string log_id;
  std::int64_t epoch = 0;
};

/// A place in a log; seq 0 and an empty hash are its beginning.
struct Place {
  std::string log_id;
  std::int64_t seq = 0;
  std::string hash;
};

struct SubscriberCursor {
  std::string publisher;
  Place place;
};

/// How far a store has taken effect of a publisher's log.
struct Reached {
  std::string publisher;
  std::int64_t seq = 0;
};

struct Receipt {
  std::string subscriber;
  std::int64_t seq = 0;
};

/// One store as it is at one moment, and what it says of its place among the others.
class Snapshot {
 public:
  Snapshot(Owner owner, const Source& source);

  /// Takes it again; `turn` counts the snapshots of the cut.
  void take(std::int64_t turn);

  Owner owner() const { return owner_; }
  Database& database() { return database_; }
  std::int64_t turn() const { return turn_; }
  const std::vector<Ownership>& ownership() const { return ownership_; }
  const Place& head() const { return head_; }
  const std::vector<SubscriberCursor>& cursors() const { return cursors_; }
  /// Up to its cursors; in documents perhaps further.
  const std::vector<Reached>& reached() const { return reached_; }
  const std::vector<Receipt>& receipts() const { return receipts_; }
  /// Where its cursor on a publisher's log stands; null where it has none.
  const SubscriberCursor* cursor_on(std::string_view publisher) const;

 private:
  Owner owner_;
  Database database_;
  std::int64_t turn_ = 0;
  std::vector<Ownership> ownership_;
  Place head_;
  std::vector<SubscriberCursor> cursors_;
  std::vector<Reached> reached_;
  std::vector<Receipt> receipts_;
};

/// A consistent cut through all stores, as the page describes it.
class Cut {
 public:
  /// `before_each` is told before each snapshot is taken, so that a test can have the shop move between two. Throws ReadError
  /// where a store cannot be read, and where the shop changes too fast for a cut.
  explicit Cut(const Stores& stores, std::function<void(Owner)> before_each = {});

  Snapshot& of(Owner owner) { return *snapshots_.at(static_cast<std::size_t>(owner)); }
  Database& database(Owner owner) { return of(owner).database(); }
  /// The snapshot of a module by its name; null where there is no such module.
  Snapshot* find(std::string_view module);
  /// Throws ReadError where what was read is no cut after all.
  void check_unchanged();

 private:
  /// What a snapshot says that another one holds: the entries of its log up to a cursor, or a cursor as far as a receipt.
  struct Claim {
    Owner by;
    Owner on;
    bool is_receipt;
    std::int64_t seq;
  };

  void take(Owner owner);
  std::vector<Claim> claims();
  bool is_fulfilled(const Claim& claim);
  /// A claim on a snapshot that was taken before the one that makes it, which may be why it is not fulfilled.
  std::optional<Claim> doubtful();
  bool is_broken(const Claim& claim) const;

  /// Claims that a later snapshot does not fulfil either: no moment of a race, but damage, for which nobody waits.
  std::vector<Claim> broken_;
  std::function<void(Owner)> before_each_;
  std::int64_t turn_ = 0;
  std::array<std::unique_ptr<Snapshot>, owners.size()> snapshots_;
};

}  // namespace seamline::audit
