#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace seamline::audit {

/// When an invariant holds: at any moment, or only while nothing is under way.
enum class Holds : std::uint8_t { always, quiet };

/// One line of the page of invariants (README.md beside this file), which a test holds against it.
struct Invariant {
  std::string_view code;
  Holds holds = Holds::always;
  std::string_view sentence;
};

/// Invariants under one heading of the page.
struct Group {
  std::string_view title;
  std::size_t first = 0;
};

/// All of them, in the order of the page.
inline constexpr std::array invariants{
    Invariant{"K1", Holds::always, "every store is sound: `PRAGMA quick_check` says `ok`"},
    Invariant{"K2", Holds::always, "every store has exactly one owner, with a log id and an epoch of at least 1"},
    Invariant{"X1", Holds::always,
              "a log's sequence runs 1, 2, … without a gap, and every entry has the hash that the chain gives it; the "
              "first that has not is named"},
    Invariant{"X2", Holds::quiet,
              "every subscriber has applied all that it hears: no entry of a log which it hears lies behind its cursor there"},
    Invariant{"X3", Holds::always,
              "a cursor has the log id of its publisher's log, is at or before its head, and has the hash of the entry "
              "at its seq"},
    Invariant{"X6", Holds::always,
              "a receipt is not past the log's head, and that of a subscriber not past its cursor; that of a broker has a "
              "blank in its name, and no cursor"},
    Invariant{"X8", Holds::always, "epochs never go down along a log, and none is above the owner's"},
    Invariant{"X9", Holds::quiet, "there is no dead letter"},
    Invariant{"X10", Holds::always,
              "a parked letter stands behind a poisoned one of the same publisher and subject, with a lower seq"},
    Invariant{"I1", Holds::always,
              "a key stands at most once for a caller and operation, and no two keys made the same order "
              "(`order.place_order`, `order.start_draft`; the reply's `order_id`)"},
    Invariant{"I2", Holds::always,
              "an order that a remembered answer of order names (its `order_id`, whatever the operation) exists"},
    Invariant{"O1", Holds::always,
              "an order's events have the versions 1, 2, … n, and its row says n; neither is there without the other"},
    Invariant{"O2", Holds::always, "an order's row is the fold of its events: status, user, items, total, currency, reason"},
    Invariant{"O3", Holds::always,
              "events come in a legal order: OrderStarted first and once; ItemAdded only before OrderPlaced; OrderPlaced"
              " at most once; OrderConfirmed only after it; one of OrderConfirmed and OrderCancelled at most; nothing "
              "after either"},
    Invariant{"O4", Holds::always,
              "order's log announces each order as its events say: OrderCreated once where OrderPlaced is there and "
              "never else; OrderConfirmed once with OrderConfirmed; OrderCancelled once with OrderCancelled if it was "
              "placed and never else; in the order of the events; and nothing else"},
    Invariant{"O5", Holds::always, "OrderCreated says what the order says: user, items with their prices, total and currency"},
    Invariant{"O6", Holds::always,
              "a placed order has an `order.deadline` timer and a draft (pending) an `order.draft` timer, and order has "
              "no other timer"},
    Invariant{"O8", Holds::quiet, "no order is still placed"},
    Invariant{"U4", Holds::always, "an order's user is a user (orders without one aside)"},
    Invariant{"M10", Holds::always,
              "total is the sum of quantity times unit price, in integers without overflow, and neither is negative, nor"
              " is a quantity below 1"},
    Invariant{"M1", Holds::always, "the entries of a ledger transaction add up to zero, and are two"},
    Invariant{"M2", Holds::always, "all entries of a currency add up to zero"},
    Invariant{"M5", Holds::always,
              "a transaction has one currency and one order, its id is `capture:`, `refund:` or `earn:` and the order's "
              "id, and it moves between its accounts (capture: settlement to provider; refund: provider to settlement; "
              "earn: revenue to settlement; the receiving side is positive or zero)"},
    Invariant{"M7", Holds::always,
              "a refund or an earning has a capture of its order, of the same amount and currency, and no order has both"},
    Invariant{"M9", Holds::always,
              "a payment is `captured` exactly where its order has a capture and no refund, `refunded` where it has "
              "both, and neither where it has none; amounts and currencies agree"},
    Invariant{"M12", Holds::always, "settlement holds exactly what was captured and neither refunded nor earned"},
    Invariant{"M14", Holds::always,
              "an invoice stands exactly where there is an earning, with the payment's id, amount and currency"},
    Invariant{"M6", Holds::always,
              "a payment's amount and currency are those of its order's OrderCreated, where it was captured or is "
              "pending"},
    Invariant{"M16", Holds::always,
              "payment's log says what its rows say: PaymentSuccess at most once and only with a capture; PaymentFailed "
              "at most once and only where the payment failed; PaymentRefunded exactly once where there is a refund and "
              "never else; amounts agree"},
    Invariant{"M17", Holds::always,
              "work for the provider belongs to a payment: `charge` and `void` to a pending one, `refund` to a captured "
              "one; so does an unpriced order, to a pending one; and a pending payment has one of the two"},
    Invariant{"M18", Holds::quiet, "no work for the provider is left, no order is unpriced, and no payment is pending"},
    Invariant{"M8", Holds::quiet,
              "a confirmed order is captured once and earned once, its total; a cancelled one has nothing earned, and "
              "all that was captured is refunded"},
    Invariant{"M11", Holds::quiet,
              "revenue is the sum of the totals of confirmed orders, and of what was earned for orders of others that "
              "payment knows as confirmed"},
    Invariant{"S1", Holds::always, "on_hand is added + restocked - committed, over the movements"},
    Invariant{"S2", Holds::always, "reserved is reserved - released - committed, over the movements"},
    Invariant{"S3", Holds::always,
              "after each movement, on_hand and reserved are not below zero and reserved is not above on_hand"},
    Invariant{"S4", Holds::always, "a product's reserved is the sum over the reservations that stand (`stock = 'reserved'`)"},
    Invariant{"S6", Holds::always,
              "an order reserves, releases and commits a product at most once, never both of the last two, each with a "
              "reservation before it and in its quantity"},
    Invariant{"S7", Holds::always,
              "every product was added exactly once, first, and movements are of products that exist; only movements for"
              " orders name an order"},
    Invariant{"S10", Holds::always, "an order's movements are all the lines of its reservation or none"},
    Invariant{"S11", Holds::always,
              "a reservation's `stock` is what its movements say: `untouched` and `refused` none; `reserved` reserved "
              "alone; `released` both; `committed` both"},
    Invariant{"S12", Holds::always,
              "inventory's log says what its rows say: InventoryReserved once where stock was reserved; "
              "InventoryReleased once where it was released; InventoryFailed once where it was refused, and none of them"
              " else; InventoryExpired only where it was reserved"},
    Invariant{"S13", Holds::always,
              "a reservation that stands has an `inventory.reservation` timer or has announced InventoryExpired, and "
              "inventory has no other timer"},
    Invariant{"S14", Holds::always, "a reservation's lines are those of its order's OrderCreated, once it has lines"},
    Invariant{"S5", Holds::quiet, "a confirmed order committed exactly its lines, and another order none"},
    Invariant{"S8", Holds::quiet, "no reservation stands for an order of ours"},
    Invariant{"G1", Holds::quiet,
              "confirmed: captured and committed; cancelled: not captured or refunded, and not reserved or released"},
    Invariant{"G2", Holds::always,
              "a forward step has its cause: an order is confirmed only if inventory announced InventoryReserved; stock "
              "is reserved only if payment announced PaymentSuccess"},
    Invariant{"G3", Holds::always,
              "money and goods move only for orders that were placed: no payment with money and no movement names "
              "another; for an order of others, payment has announced PaymentSuccess or PaymentRefunded or knows how it "
              "ended, and goods have a reservation with lines"},
    Invariant{"G6", Holds::quiet, "`ending` in payment and in inventory is the order's end"},
    Invariant{"U1", Holds::always, "addresses are unique, in lower case and without space around"},
    Invariant{"U2", Holds::always, "a password is kept as an argon2id hash and in no other form"},
    Invariant{"U3", Holds::always, "user's log announces every user: UserRegistered once for each user, and for nobody else"},
    Invariant{"A2", Holds::always,
              "the history is whole: attempts are numbered 1, 2, … n in some order, times do not run backwards, and an "
              "`ok` has an order"},
    Invariant{"C1", Holds::always, "every order that was acknowledged is there"},
    Invariant{"C2", Holds::always, "all answers to one key name one order, and no two keys name the same"},
    Invariant{"C3", Holds::always, "a key whose every attempt was refused for good has no order"},
    Invariant{"C4", Holds::always, "a key stands for one order at most, and that is the one which was acknowledged, if one was"},
    Invariant{"C7", Holds::quiet,
              "every order that was made under a key was asked for by the history; an order of no remembered key is "
              "counted against C7 too"},
    Invariant{"C8", Holds::quiet,
              "every order whose placing was acknowledged (`order.place_order`) has ended; a draft may wait"}};

inline constexpr std::array groups{Group{"Stores and logs", 0},
                                   Group{"Orders", 11},
                                   Group{"Money", 20},
                                   Group{"Stock", 33},
                                   Group{"The saga", 46},
                                   Group{"Users", 50},
                                   Group{"What the clients saw", 53}};

/// Which invariant, by its code in the source: `findings.violated("M1", …)`. A code that the page does not have does not compile.
class Code {
 public:
  // NOLINTNEXTLINE: implicit by purpose
  consteval Code(const char* code) : index_(find(code)) {}
  std::size_t index() const { return index_; }

 private:
  static consteval std::size_t find(std::string_view code) {
    for (std::size_t i = 0; i < invariants.size(); ++i) {
      if (invariants[i].code == code) return i;
    }
    throw "there is no such invariant";
  }

  std::size_t index_;
};

}  // namespace seamline::audit
