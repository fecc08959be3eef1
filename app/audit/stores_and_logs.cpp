#include "audit/stores_and_logs.hpp"

#include <optional>

#include "base/hash.hpp"

namespace seamline::audit {
namespace {

/// What a sequential read keeps of the file: it comes by each page once.
constexpr std::int64_t cache_kib = 4 * 1024;

std::string text_of(Owner owner) { return std::string(name_of(owner)); }

void ownership(Snapshot& store, Findings& findings) {
  const auto& rows = store.ownership();
  findings.examined("K2", static_cast<std::int64_t>(rows.size()));
  if (rows.size() != 1) {
    findings.violated("K2", text_of(store.owner()) + ": " + std::to_string(rows.size()) + " owners");
  } else if (rows.front().log_id.empty() || rows.front().epoch < 1) {
    findings.violated(
        "K2", text_of(store.owner()) + ": log id '" + rows.front().log_id + "', epoch " + std::to_string(rows.front().epoch));
  }
}

void has_applied(Cut& cut, const Following& following, Findings& findings) {
  const SubscriberCursor* cursor = cut.of(following.subscriber).cursor_on(name_of(following.publisher));
  const std::int64_t applied = cursor == nullptr ? 0 : cursor->place.seq;
  // An event's name is the third part of its type.
  Cursor row(cut.database(following.publisher),
             "WITH later AS (SELECT seq, substr(type, instr(type, '.') + 1) AS rest FROM event_log WHERE seq > ?1), "
             "named AS (SELECT seq, substr(rest, instr(rest, '.') + 1) AS name FROM later) "
             "SELECT min(seq), count(*) FROM named WHERE substr(name, 1, instr(name, '.') - 1) IN (" +
                 std::string(following.heard) + ")");
  row.restart(applied);
  const bool has_all = !row.next() || row.integer(1) == 0;
  findings.examine("X2", has_all, [&] {
    return text_of(following.subscriber) + " stands at " + std::to_string(applied) + " of the log of " +
           text_of(following.publisher) + ", and hears " + std::to_string(row.integer(1)) + " entries behind it, the first " +
           std::to_string(row.integer(0));
  });
}

/// Why a cursor is not in its publisher's log; empty where it is.
std::string misplaced(Cut& cut, const SubscriberCursor& cursor) {
  Snapshot* publisher = cut.find(cursor.publisher);
  if (publisher == nullptr) return "there is no such publisher";
  if (cursor.place.log_id != publisher->head().log_id) return "the log has another id";
  if (cursor.place.seq > publisher->head().seq) return "the log ends at " + std::to_string(publisher->head().seq);
  if (cursor.place.seq == 0) return "";
  Cursor row(publisher->database(), "SELECT hash FROM event_log WHERE seq = ?1");
  row.restart(cursor.place.seq);
  return row.next() && row.text(0) == cursor.place.hash ? "" : "the log has another entry there";
}

/// What the broker acknowledged is receipted under its name and the topic's; no module is called so.
bool is_of_a_broker(const Receipt& receipt) { return receipt.subscriber.find(' ') != std::string::npos; }

void receipts(Cut& cut, Snapshot& store, Findings& findings) {
  for (const Receipt& receipt : store.receipts()) {
    Snapshot* subscriber = cut.find(receipt.subscriber);
    const auto* cursor = subscriber == nullptr ? nullptr : subscriber->cursor_on(name_of(store.owner()));
    const std::int64_t applied = is_of_a_broker(receipt) ? store.head().seq : cursor == nullptr ? 0 : cursor->place.seq;
    findings.examine("X6", receipt.seq <= store.head().seq && receipt.seq <= applied, [&] {
      return text_of(store.owner()) + ": a receipt of " + receipt.subscriber + " for " + std::to_string(receipt.seq) +
             "; it has applied " + std::to_string(applied) + ", and the log ends at " + std::to_string(store.head().seq);
    });
  }
}

void dead_letters(Snapshot& store, Findings& findings) {
  const auto name = [&](const Cursor& row) {
    return text_of(store.owner()) + ": entry " + std::to_string(row.integer(1)) + " of " + std::string(row.text(0)) + ", of " +
           std::string(row.text(2)) + ", is ";
  };
  Cursor row(store.database(),
             "SELECT publisher, seq, subject, state, state = 'poisoned' OR EXISTS (SELECT 1 FROM dead_letters p WHERE p.state = "
             "'poisoned' AND p.publisher = d.publisher AND p.subject = d.subject AND p.seq < d.seq) FROM dead_letters d");
  while (row.next()) {
    findings.examine("X9", false, [&] { return name(row) + std::string(row.text(3)); });
    if (row.text(3) == "parked") {
      findings.examine("X10", row.integer(4) != 0, [&] { return name(row) + "parked behind none that is poisoned"; });
    }
  }
}

void keys(Snapshot& store, Findings& findings) {
  Cursor row(store.database(), "SELECT key, operation, caller, count(*) FROM idempotency GROUP BY key, operation, caller");
  while (row.next()) {
    findings.examined("I1", row.integer(3));
    if (row.integer(3) == 1) continue;
    findings.violated("I1", text_of(store.owner()) + ": the key " + std::string(row.text(0)) + " of " + std::string(row.text(2)) +
                                " for " + std::string(row.text(1)) + " stands " + std::to_string(row.integer(3)) + " times");
  }
}

void append_netstring(std::string& out, std::string_view text) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
  out += ',';
}

/// What the chain makes of an entry (columns as examine_log reads them) behind one with the hash `before`.
Sha256 chained(const Sha256& before, const Cursor& row) {
  std::string text(as_bytes(before));
  append_netstring(text, std::to_string(row.integer(0)));
  append_netstring(text, std::to_string(row.integer(1)));
  append_netstring(text, row.text(2));
  append_netstring(text, row.text(3));
  append_netstring(text, std::to_string(row.integer(4)));
  append_netstring(text, row.text(5));
  append_netstring(text, row.text(6));
  return sha256(text);
}

void examine_log(Owner owner, Database& store, const LogEnd& end, Findings& findings) {
  Cursor row(store, "SELECT seq, epoch, type, subject, at_ms, trace, payload, hash FROM event_log WHERE seq <= ?1 ORDER BY seq");
  row.restart(end.seq);
  std::int64_t seq = 0;
  std::int64_t epoch = 0;
  Sha256 hash{};
  bool is_whole = true;
  while (row.next()) {
    const auto name = [&] { return text_of(owner) + ": entry " + std::to_string(row.integer(0)); };
    findings.examined("X1");
    // Behind the first break the chain gives no hash that an entry could be held against.
    if (is_whole) {
      hash = chained(hash, row);
      const bool follows = row.integer(0) == ++seq;
      is_whole = follows && row.text(7) == as_bytes(hash);
      if (!is_whole) {
        findings.violated("X1", name() + (follows ? " has another hash than the chain gives it"
                                                  : " stands where entry " + std::to_string(seq) + " should"));
      }
    }
    findings.examine("X8", row.integer(1) >= epoch && row.integer(1) <= end.epoch, [&] {
      return name() + " has the epoch " + std::to_string(row.integer(1)) + ", after " + std::to_string(epoch) +
             " and with the owner at " + std::to_string(end.epoch);
    });
    epoch = row.integer(1);
  }
}

/// What quick_check says, or why it cannot; empty where the store is sound.
std::string unsoundness(const std::filesystem::path& file) {
  try {
    Database store(file, cache_kib);
    Cursor row(store, "PRAGMA quick_check(1)");
    return !row.next() ? "quick_check says nothing" : row.text(0) == "ok" ? "" : std::string(row.text(0));
  } catch (const ReadError& error) {
    if (!error.is_unsound()) throw;
    return error.what();
  }
}

}  // namespace

void examine_stores(Cut& cut, Findings& findings) {
  for (const Owner owner : owners) {
    Snapshot& store = cut.of(owner);
    ownership(store, findings);
    receipts(cut, store, findings);
    dead_letters(store, findings);
    keys(store, findings);
    for (const SubscriberCursor& cursor : store.cursors()) {
      const std::string problem = misplaced(cut, cursor);
      findings.examine("X3", problem.empty(), [&] {
        return text_of(owner) + " stands at " + std::to_string(cursor.place.seq) + " of the log of " + cursor.publisher + ": " +
               problem;
      });
    }
  }
  for (const Following& following : followings) has_applied(cut, following, findings);
}

void examine_soundness(const StoreFiles& files, Findings& findings) {
  for (const Owner owner : owners) {
    const std::string problem = unsoundness(files.at(static_cast<std::size_t>(owner)));
    findings.examine("K1", problem.empty(), [&] { return text_of(owner) + ": " + problem; });
  }
}

LogEnds ends_of(Cut& cut) {
  LogEnds ends;
  for (const Owner owner : owners) {
    const auto& ownership = cut.of(owner).ownership();
    ends.at(static_cast<std::size_t>(owner)) = {cut.of(owner).head().seq, ownership.empty() ? 0 : ownership.front().epoch};
  }
  return ends;
}

void examine_logs(const StoreFiles& files, const LogEnds& ends, Findings& findings) {
  for (const Owner owner : owners) {
    Database store(files.at(static_cast<std::size_t>(owner)), cache_kib);
    examine_log(owner, store, ends.at(static_cast<std::size_t>(owner)), findings);
  }
}

}  // namespace seamline::audit
