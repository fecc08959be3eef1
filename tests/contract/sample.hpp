#pragma once

#include <array>

#include "contract/events.hpp"
#include "contract/port.hpp"
#include "contract/wire.hpp"

/// A contract that has every kind of member and every way in which a request is written.
namespace seamline::sample {

enum class Colour : std::uint8_t { red, green };

}  // namespace seamline::sample

template <>
inline constexpr std::array<std::string_view, 2> seamline::enum_names<seamline::sample::Colour>{"red", "green"};

namespace seamline::sample {

using ThingId = Id<"thing">;

struct Part {
  std::string name;
  std::int64_t count = 0;
  bool operator==(const Part&) const = default;
  static constexpr std::tuple fields{Field{"name", &Part::name, "What.", length(1, 20)},
                                     Field{"count", &Part::count, "How many.", range(1, 1000)}};
};

struct Thing {
  ThingId id;
  std::string name;
  std::int64_t size = 0;
  bool is_new = false;
  Colour colour = Colour::red;
  Timestamp made_at;
  std::optional<std::string> note;
  std::optional<Part> spare;
  std::vector<Part> parts;
  std::vector<std::string> tags;
  JsonObject extra{"{}"};
  std::int64_t version = 0;
  bool operator==(const Thing&) const = default;
  static constexpr std::tuple fields{Field{"id", &Thing::id, "Which."},
                                     Field{"name", &Thing::name, "Called."},
                                     Field{"size", &Thing::size, "In millimetres."},
                                     Field{"is_new", &Thing::is_new, "Whether."},
                                     Field{"colour", &Thing::colour, "Which."},
                                     Field{"made_at", &Thing::made_at, "When."},
                                     Field{"note", &Thing::note, "A remark."},
                                     Field{"spare", &Thing::spare, "A spare part."},
                                     Field{"parts", &Thing::parts, "Its parts.", count(0, 5)},
                                     Field{"tags", &Thing::tags, "Its tags."},
                                     Field{"extra", &Thing::extra, "Anything."},
                                     Field{"version", &Thing::version, "Counts changes."}};
};

inline constexpr ErrorCode not_found{"thing.not_found", Kind::not_found};

struct GetThing {
  using Reply = Thing;
  ThingId id;
  static constexpr std::string_view name = "thing.get";
  static constexpr std::string_view summary = "Reads one.";
  static constexpr Route route{Verb::get, "/things/{id}"};
  static constexpr Access access = Access::anyone;
  static constexpr Repeat repeat = Repeat::safe;
  static constexpr std::array errors{not_found};
  static constexpr std::tuple fields{Field{"id", &GetThing::id, "Which."}};
};

struct Things {
  std::vector<Thing> items;
  bool operator==(const Things&) const = default;
  static constexpr std::tuple fields{Field{"items", &Things::items, "The things."}};
};

struct ListThings {
  using Reply = Things;
  std::string shelf;
  std::string owner;
  std::optional<std::string> text;
  std::optional<std::int64_t> limit;
  std::optional<bool> is_new;
  std::optional<Colour> colour;
  bool operator==(const ListThings&) const = default;
  static constexpr std::string_view name = "thing.list";
  static constexpr std::string_view summary = "Lists them.";
  static constexpr Route route{Verb::get, "/shelves/{shelf}/things"};
  static constexpr Access access = Access::admin;
  static constexpr Repeat repeat = Repeat::safe;
  static constexpr auto errors = no_errors;
  static constexpr std::tuple fields{Field{"shelf", &ListThings::shelf, "Where.", length(1, 4096)},
                                     Field{"owner", &ListThings::owner, "Whose."},
                                     Field{"text", &ListThings::text, "What to look for."},
                                     Field{"limit", &ListThings::limit, "At most.", range(1, 100)},
                                     Field{"is_new", &ListThings::is_new, "Only new ones."},
                                     Field{"colour", &ListThings::colour, "Only these."}};
};

/// Its path has the member's name twice, once as a literal.
struct AddPart {
  using Reply = Thing;
  std::string thing;
  std::string name_;
  std::int64_t count = 0;
  std::optional<std::string> note;
  bool operator==(const AddPart&) const = default;
  static constexpr std::string_view name = "thing.add_part";
  static constexpr std::string_view summary = "Adds a part.";
  static constexpr Route route{Verb::post, "/thing/{thing}/parts", "/things/{id}"};
  static constexpr Access access = Access::user;
  static constexpr Repeat repeat = Repeat::with_key;
  static constexpr auto errors = no_errors;
  static constexpr std::tuple fields{
      Field{"thing", &AddPart::thing, "Which.", length(1, 4096)}, Field{"name", &AddPart::name_, "What."},
      Field{"count", &AddPart::count, "How many.", range(1, 1000)}, Field{"note", &AddPart::note, "A remark."}};
};

struct LogIn {
  using Reply = Part;
  std::string user;
  Secret password;
  std::optional<std::string> scope;
  bool operator==(const LogIn&) const = default;
  static constexpr std::string_view name = "thing.log_in";
  static constexpr std::string_view summary = "Gives a token.";
  static constexpr Route route{Verb::post, "/token", "", BodyFormat::form};
  static constexpr Access access = Access::anyone;
  static constexpr Repeat repeat = Repeat::never;
  static constexpr auto errors = no_errors;
  static constexpr std::tuple fields{Field{"user", &LogIn::user, "Who."},
                                     Field{"password", &LogIn::password, "The password.", length(1, 4096)},
                                     Field{"scope", &LogIn::scope, "What for."}};
};

struct ThingMoved {
  ThingId id;
  std::int64_t to = 0;
  bool operator==(const ThingMoved&) const = default;
  std::string_view subject() const { return id.text; }
  static constexpr EventType type{"thing", "ThingMoved", 1};
  static constexpr std::tuple fields{Field{"id", &ThingMoved::id, "Which."}, Field{"to", &ThingMoved::to, "Where to."}};
};

struct ThingContract : Contract<Operations<GetThing, ListThings, AddPart, LogIn>, Publishes<ThingMoved>> {
  static constexpr std::string_view module = "thing";
  static constexpr std::string_view topic = "things";
};

}  // namespace seamline::sample
