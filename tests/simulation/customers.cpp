#include "customers.hpp"

#include "contract/proxy.hpp"
#include "http/headers.hpp"
#include "http/problem.hpp"
#include "inventory/contract.hpp"
#include "process.hpp"
#include "user/contract.hpp"

namespace seamline::simulation {
namespace {

std::string product_name(std::uint64_t number) { return "p" + std::to_string(number); }

std::string some_token(SeededRandom& random) {
  static const std::array<const char*, 8> tokens{"tok_ok",       "tok_ok",      "tok_ok",      "tok_ok",
                                                 "tok_declined", "tok_timeout", "tok_timeout", "tok_insufficient_funds"};
  return tokens[random.below(tokens.size())];
}

order::Item some_item(SeededRandom& random) {
  // Now and then what is dear, what nobody sells, and very many.
  switch (random.below(60)) {
    case 0: return {{product_name(9)}, 1};
    case 1: return {{product_name(4)}, 1 + static_cast<std::int64_t>(random.below(4))};
    case 2: return {{product_name(0)}, 1 + static_cast<std::int64_t>(random.below(900))};
    default: return {{product_name(random.below(4))}, 1 + static_cast<std::int64_t>(random.below(4))};
  }
}

/// Whether the answer is final. After all else the client cannot tell what became of its request.
bool is_definite(const Error& error) {
  const int status = http::status_of(error.kind);
  if (error.kind == Kind::conflict) return error.code != "idempotency.in_progress";
  return status >= 400 && status < 500 && status != 425 && status != 429;
}

}  // namespace

/// A client's way to the shop: one attempt a call, with the client's own patience.
class Customers::Line final : public Transport {
 public:
  Line(Customers& customers, std::string authorization, SeededRandom& random)
      : customers_(customers), authorization_(std::move(authorization)), random_(random) {}

  Result<Answer> send(const CallContext& context, const RemoteOperation& operation, const EncodedRequest& request) override {
    ++customers_.calls_;
    const auto mark = request.target.find('?');
    http::Request written{std::string(name_of(operation.route.verb)),
                          request.target.substr(0, mark),
                          mark == std::string::npos ? std::string() : request.target.substr(mark + 1),
                          {},
                          request.body};
    written.headers.add("Authorization", authorization_);
    if (!context.idempotency_key.empty()) {
      written.headers.add(std::string(http::idempotency_header), context.idempotency_key);
    }
    if (!request.body.empty()) written.headers.add("Content-Type", "application/json");
    const std::int64_t patience_ms = 500 + static_cast<std::int64_t>(random_.below(4'000));
    auto response = customers_.world_.network.send(customers_.group_, gateway_url, written, {1'000, patience_ms, patience_ms});
    if (!response) return fail(std::move(response.error()));
    if (response->status >= 400) return fail(http::read_problem(*response));
    return Answer{response->status, std::move(response->body), {}, {}};
  }

  /// Repeats the call until the answer is definite.
  template <class C, class Op>
  Result<typename Op::Reply> insist(Proxy<C>& proxy, const std::string& key, const Op& operation) {
    CallContext context;
    context.idempotency_key = key;
    for (std::int64_t pause_ms = 50;; pause_ms = std::min<std::int64_t>(pause_ms * 2, 2'000)) {
      const std::int64_t started_ms = customers_.clock_.now().ms;
      auto reply = proxy.call(context, operation);
      if constexpr (std::is_same_v<Op, order::PlaceOrder> || std::is_same_v<Op, order::StartDraft>) {
        remember(Op::name, key, started_ms, reply);
      }
      if (reply || is_definite(reply.error()) || customers_.group_.is_rushed()) return reply;
      customers_.world_.scheduler.pause(static_cast<std::int64_t>(1 + random_.below(static_cast<std::uint64_t>(pause_ms))) *
                                        ns_in_ms);
    }
  }

 private:
  void remember(std::string_view operation, const std::string& key, std::int64_t started_ms, const Result<order::Order>& reply) {
    History::Attempt attempt{std::string(operation), key, started_ms, customers_.clock_.now().ms, "unknown", 0, {}};
    if (reply) {
      attempt.outcome = "ok";
      attempt.status = 201;
      attempt.order_id = reply->order_id.text;
    } else {
      // Also a definite refusal of an operation under its key is none while an earlier attempt of it may still run.
      attempt.outcome = is_definite(reply.error()) && reply.error().kind != Kind::conflict ? "failed" : "unknown";
      if (reply.error().code.starts_with("call.")) return customers_.world_.history.add(std::move(attempt));
      attempt.status = http::status_of(reply.error().kind);
    }
    customers_.world_.history.add(std::move(attempt));
  }

  Customers& customers_;
  const std::string authorization_;
  SeededRandom& random_;
};

/// What a customer knows of an order: it must never be seen to go back.
struct Customers::Seen {
  order::Order last;

  void look(const order::Order& now, History& history) {
    const bool was_ended = last.status == order::OrderStatus::confirmed || last.status == order::OrderStatus::cancelled;
    if (now.version < last.version || (was_ended && now.status != last.status)) {
      history.complain("order " + now.order_id.text + " was seen at version " + std::to_string(last.version) + " and then at " +
                       std::to_string(now.version));
    }
    last = now;
  }
};

Customers::Customers(World world, std::vector<std::string> users, int orders, std::uint64_t seed)
    : world_(world), users_(std::move(users)), orders_(orders), random_(seed), clock_(world.scheduler, 0, 0) {}

void Customers::start() {
  const int count = static_cast<int>(users_.size());
  for (int i = 0; i < count; ++i) {
    const int orders = orders_ / count + (i < orders_ % count ? 1 : 0);
    ++shopping_;
    world_.scheduler.spawn(group_, "customer-" + std::to_string(i), 0,
                           [this, user = users_[static_cast<std::size_t>(i)], orders, random = SeededRandom(random_.next_u64())] {
                             shop(user, orders, random);
                             --shopping_;
                           });
  }
  // A registration costs as much as half a run.
  if (random_.below(20) == 0) {
    world_.scheduler.spawn(group_, "newcomer", 0,
                           [this, random = SeededRandom(random_.next_u64())] { register_and_shop(random); });
  }
  world_.scheduler.spawn(group_, "stranger", 0, [this, random = SeededRandom(random_.next_u64())] {
    shop("01a0c419-7d80-7005-aac2-000000000000", 1, random);
  });
  world_.scheduler.spawn(group_, "clerk", 0, [this, random = SeededRandom(random_.next_u64())] { restock(random); });
}

void Customers::shop(const std::string& user, int orders, SeededRandom random) {
  Line line(*this, "user " + user, random);
  Proxy<order::OrderContract> shop(line);
  std::vector<Seen> mine;
  for (int i = 0; i < orders; ++i) {
    world_.scheduler.pause(static_cast<std::int64_t>(random.below(1'500)) * ns_in_ms);
    Result<order::Order> made;
    if (random.below(4) != 0) {
      std::vector<order::Item> items;
      for (std::uint64_t lines = 1 + random.below(3); lines > 0; --lines) items.push_back(some_item(random));
      made = line.insist(shop, next_key(), order::PlaceOrder{items, some_token(random), std::nullopt});
    } else {
      made = line.insist(shop, next_key(), order::StartDraft{});
      if (!made) continue;
      for (std::uint64_t lines = random.below(3); lines > 0; --lines) {
        const order::Item item = some_item(random);
        (void)line.insist(shop, next_key(), order::AddItem{made->order_id, item.product_id, item.quantity});
      }
      if (random.below(5) != 0) {
        (void)line.insist(shop, next_key(), order::PlaceDraft{made->order_id, some_token(random)});
      }
    }
    if (!made) continue;
    mine.push_back({*made});
    // One of the orders, mostly the newest, is looked at or called off.
    Seen& seen = random.below(3) != 0 ? mine.back() : mine[random.below(mine.size())];
    const auto id = seen.last.order_id;
    if (random.below(4) == 0) {
      if (auto cancelled = line.insist(shop, next_key(), order::CancelOrder{id})) seen.look(*cancelled, world_.history);
    }
    if (auto found = shop.call(CallContext{}, order::GetOrder{id})) {
      seen.look(*found, world_.history);
    } else if (found.error().kind == Kind::not_found) {
      world_.history.complain("order " + id.text + " was acknowledged and is not found");
    }
  }
}

void Customers::register_and_shop(SeededRandom random) {
  Line line(*this, "", random);
  Proxy<user::UserContract> users(line);
  const auto made = line.insist(users, next_key(), user::RegisterUser{" New.Comer@Example.ORG ", {"long enough"}, "New"});
  if (made) shop(made->id.text, 2, random);
}

void Customers::restock(SeededRandom random) {
  Line line(*this, "admin", random);
  Proxy<inventory::InventoryContract> inventory(line);
  while (shopping_ > 0) {
    world_.scheduler.pause(static_cast<std::int64_t>(200 + random.below(4'000)) * ns_in_ms);
    (void)line.insist(inventory, next_key(),
                      inventory::Restock{{product_name(1 + random.below(3))}, 1 + static_cast<std::int64_t>(random.below(5))});
  }
}

}  // namespace seamline::simulation
