#include "audit/orders.hpp"

#include "base/money.hpp"

namespace seamline::audit {
namespace {

/// What the events of an order amount to.
struct Fold {
  std::string status;
  OrderedBy by;
  Lines items;
  std::optional<std::int64_t> total_minor;
  std::optional<std::string> currency;
  std::optional<std::string> reason;

  /// False where the event says nothing that an order understands.
  bool apply(const OrderEvent& event);
};

bool Fold::apply(const OrderEvent& event) {
  if (event.type == "OrderStarted") {
    auto started = read_ordered_by(event.data);
    if (!started) return false;
    status = "pending";
    by = std::move(*started);
  } else if (event.type == "ItemAdded") {
    auto line = read_line(event.data);
    if (!line) return false;
    const auto same =
        std::find_if(items.begin(), items.end(), [&](const Line& item) { return item.product_id == line->product_id; });
    if (same == items.end()) {
      items.push_back(std::move(*line));
    } else if (const auto sum = checked_add(same->quantity, line->quantity)) {
      same->quantity = *sum;
    } else {
      return false;
    }
  } else if (event.type == "OrderPlaced") {
    auto placed = read_priced_order(event.data);
    if (!placed) return false;
    status = "placed";
    items = std::move(placed->items);
    total_minor = placed->total_minor;
    currency = std::move(placed->currency);
  } else if (event.type == "OrderConfirmed") {
    status = "confirmed";
  } else if (event.type == "OrderCancelled") {
    status = "cancelled";
    reason = read_text(event.data, "reason");
  } else {
    return false;
  }
  return true;
}

/// What of the row is not what the events amount to; empty where all is.
std::string_view difference(const OrderRow& row, const Fold& fold) {
  if (row.status != fold.status) return "status";
  if (row.user_id != fold.by.user_id || row.user_name != fold.by.user_name) return "user";
  if (row.total_minor != fold.total_minor) return "total";
  if (row.currency != fold.currency) return "currency";
  if (row.reason != fold.reason) return "reason";
  const auto items = read_items(row.items);
  return items && *items == fold.items ? "" : "items";
}

/// What order announces of an order with these events, in order.
std::vector<std::string_view> expected_announcements(const Dossier& order) {
  std::vector<std::string_view> names;
  if (!order.was_placed()) return names;
  names.emplace_back("OrderCreated");
  for (const auto& event : order.events) {
    if (event.type == "OrderConfirmed" || event.type == "OrderCancelled") names.emplace_back(event.type);
  }
  return names;
}

/// The sum of the lines; empty where a line has no price or a number that it cannot have, or the sum overflows.
std::optional<std::int64_t> sum_of(const Lines& lines) {
  std::optional<std::int64_t> sum = 0;
  for (const Line& line : lines) {
    if (!line.unit_price_minor || *line.unit_price_minor < 0 || line.quantity < 1) return std::nullopt;
    const auto price = checked_multiply(*line.unit_price_minor, line.quantity);
    sum = price ? checked_add(*sum, *price) : std::nullopt;
    if (!sum) return std::nullopt;
  }
  return sum;
}

}  // namespace

OrderChecks::OrderChecks(Cut& cut, Findings& findings)
    : findings_(findings), user_(cut.database(Owner::user), "SELECT 1 FROM users WHERE user_id = ?1") {}

void OrderChecks::examine(const Dossier& order) {
  if (order.order || !order.events.empty()) versions(order);
  if (order.order) fold(order);
  legal_order(order);
  announcements(order);
  created(order);
  timers(order);
  if (order.order) {
    findings_.examine("O8", order.order->status != "placed", [&] { return order.name() + "is still placed"; });
    user(order);
    total(order);
  }
  answers(order);
}

void OrderChecks::versions(const Dossier& order) {
  std::int64_t version = 0;
  const bool are_whole =
      std::all_of(order.events.begin(), order.events.end(), [&](const OrderEvent& event) { return event.version == ++version; });
  findings_.examine("O1", are_whole && order.order && order.order->version == version && version > 0, [&] {
    return order.name() + (order.order ? "version " + std::to_string(order.order->version) : "no row") + ", and " +
           std::to_string(order.events.size()) + " events" + (are_whole ? "" : ", not numbered 1, 2, …");
  });
}

void OrderChecks::fold(const Dossier& order) {
  Fold fold;
  bool is_readable = true;
  for (const OrderEvent& event : order.events) is_readable = fold.apply(event) && is_readable;
  const std::string_view differs = is_readable ? difference(*order.order, fold) : "an event, which cannot be read";
  findings_.examine("O2", differs.empty(),
                    [&] { return order.name() + "the row differs from its events in: " + std::string(differs); });
}

void OrderChecks::legal_order(const Dossier& order) {
  bool has_started = false;
  bool is_placed = false;
  bool has_ended = false;
  for (const OrderEvent& event : order.events) {
    bool is_legal = has_started && !has_ended;
    if (event.type == "OrderStarted") {
      is_legal = !has_started;
      has_started = true;
    } else if (event.type == "ItemAdded") {
      is_legal = is_legal && !is_placed;
    } else if (event.type == "OrderPlaced") {
      is_legal = is_legal && !is_placed;
      is_placed = true;
    } else if (event.type == "OrderConfirmed" || event.type == "OrderCancelled") {
      is_legal = is_legal && (is_placed || event.type == "OrderCancelled");
      has_ended = true;
    } else {
      is_legal = false;
    }
    findings_.examine("O3", is_legal, [&] {
      return order.name() + event.type + " cannot stand where it does, at version " + std::to_string(event.version);
    });
  }
}

void OrderChecks::announcements(const Dossier& order) {
  const auto expected = expected_announcements(order);
  const bool are_right = std::equal(expected.begin(), expected.end(), order.order_log.begin(), order.order_log.end(),
                                    [](std::string_view name, const Announcement& entry) { return name == entry.name; });
  findings_.examined("O4", static_cast<std::int64_t>(order.order_log.size()) + (order.order ? 1 : 0));
  if (are_right) return;
  std::string said;
  for (const Announcement& entry : order.order_log) said += (said.empty() ? "" : ", ") + entry.name;
  std::string meant;
  for (const std::string_view name : expected) meant += (meant.empty() ? "" : ", ") + std::string(name);
  findings_.violated("O4", order.name() + "its events say [" + meant + "], and the log announces [" + said + "]");
}

void OrderChecks::created(const Dossier& order) {
  for (const Announcement& entry : order.order_log) {
    if (entry.name != "OrderCreated") continue;
    const auto said = read_priced_order(entry.payload);
    bool is_right = said.has_value();
    if (said && order.order) {
      is_right = said->user_id == order.order->user_id && said->total_minor == order.order->total_minor &&
                 said->currency == order.order->currency && said->items == read_items(order.order->items);
    }
    findings_.examine("O5", is_right, [&] {
      return order.name() + "OrderCreated, entry " + std::to_string(entry.seq) + ", says something else than the order";
    });
  }
}

void OrderChecks::timers(const Dossier& order) {
  const std::string_view status = order.order ? std::string_view(order.order->status) : "";
  const std::string_view wanted = status == "placed" ? "order.deadline" : status == "pending" ? "order.draft" : "";
  bool has_wanted = false;
  for (const std::string& timer : order.order_timers) {
    has_wanted = has_wanted || timer == wanted;
    findings_.examine("O6", timer == wanted,
                      [&] { return order.name() + "has a timer, " + timer + ", that it should not have"; });
  }
  if (!wanted.empty()) {
    findings_.examine("O6", has_wanted, [&] { return order.name() + "has no timer, " + std::string(wanted); });
  }
}

void OrderChecks::user(const Dossier& order) {
  if (!order.order->user_id) return;
  user_.restart(*order.order->user_id);
  findings_.examine("U4", user_.next(), [&] { return order.name() + "there is no user " + *order.order->user_id; });
}

void OrderChecks::total(const Dossier& order) {
  if (!order.order->total_minor) return;
  const auto items = read_items(order.order->items);
  const auto sum = items ? sum_of(*items) : std::nullopt;
  findings_.examine("M10", sum == order.order->total_minor && *sum >= 0, [&] {
    return order.name() + "total " + std::to_string(*order.order->total_minor) + ", and the lines add up to " +
           (sum ? std::to_string(*sum) : "nothing that they could");
  });
}

void OrderChecks::answers(const Dossier& order) {
  const auto makers =
      std::count_if(order.answers.begin(), order.answers.end(), [](const Answer& one) { return one.makes_order(); });
  if (makers > 1) findings_.violated("I1", order.name() + std::to_string(makers) + " keys made it");
  for (const Answer& answer : order.answers) {
    findings_.examine("I2", order.order.has_value(), [&] {
      return order.name() + "an answer to " + answer.caller + " with the key " + answer.key + " names it, and it is not there";
    });
  }
}

}  // namespace seamline::audit
