#pragma once

#include "contract/events.hpp"

/// A module's contract as small as one can be, for tests of the kernel, which knows no real module.
namespace seamline::test {

using NoteId = Id<"note">;

/// A note was written.
struct NoteWritten {
  NoteId note_id;
  std::int64_t number = 0;

  static constexpr EventType type{"note", "NoteWritten", 1};
  std::string_view subject() const { return note_id.text; }
  static constexpr std::tuple fields{Field{"note_id", &NoteWritten::note_id, "Which."},
                                     Field{"number", &NoteWritten::number, "Its number."}};
};

/// An event that no test hears.
struct NoteSeen {
  NoteId note_id;

  static constexpr EventType type{"note", "NoteSeen", 1};
  std::string_view subject() const { return note_id.text; }
  static constexpr std::tuple fields{Field{"note_id", &NoteSeen::note_id, "Which."}};
};

struct Note {
  NoteId note_id;
  std::int64_t number = 0;
  bool operator==(const Note&) const = default;
  static constexpr std::tuple fields{Field{"note_id", &Note::note_id, "Which."}, Field{"number", &Note::number, "Its number."}};
};

struct WriteNote {
  NoteId note_id;
  std::int64_t number = 0;

  using Reply = Note;
  static constexpr std::string_view name = "note.write";
  static constexpr std::string_view summary = "Writes a note.";
  static constexpr Route route{Verb::post, "/notes", "/notes/{note_id}"};
  static constexpr Access access = Access::anyone;
  static constexpr Repeat repeat = Repeat::with_key;
  static constexpr std::array errors{ErrorCode{"note.refused", Kind::conflict}};
  static constexpr std::tuple fields{Field{"note_id", &WriteNote::note_id, "Which."},
                                     Field{"number", &WriteNote::number, "Its number."}};
};

struct CopyNote {
  NoteId note_id;
  std::int64_t number = 0;

  using Reply = Note;
  static constexpr std::string_view name = "note.copy";
  static constexpr std::string_view summary = "Writes a note again.";
  static constexpr Route route{Verb::post, "/copies"};
  static constexpr Access access = Access::user;
  static constexpr Repeat repeat = Repeat::with_key;
  static constexpr auto errors = no_errors;
  static constexpr std::tuple fields{Field{"note_id", &CopyNote::note_id, "Which."},
                                     Field{"number", &CopyNote::number, "Its number."}};
};

struct NoteContract : Contract<Operations<WriteNote, CopyNote>, Publishes<NoteWritten, NoteSeen>> {
  static constexpr std::string_view module = "note";
  static constexpr std::string_view topic = "notes";
};

}  // namespace seamline::test
