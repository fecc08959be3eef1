#pragma once

#include <string>
#include <vector>

#include "store/document.hpp"
#include "store/transaction.hpp"

namespace seamline::store {

/// All that is kept in one document: of an aggregate what the module and the kernel know of it, so that one write of it is a
/// transaction; or a record of the kernel's own.
struct DocumentRecord {
  struct Timer {
    std::string kind;
    Timestamp due;
  };
  struct Answer {
    AnswerKey key;
    RememberedAnswer answer;
    Timestamp at;
  };
  struct DeadLetter {
    std::string publisher;
    std::string state;
    std::string reason;
    LogEntry entry;
  };
  /// An entry of another module's log that took effect here.
  struct Applied {
    std::string publisher;
    std::int64_t seq = 0;
  };

  /// A foreign event that took effect here.
  struct Foreign {
    std::string source;
    std::string event_id;
    Timestamp at;
  };

  std::string id;
  /// Grows with each write; 0 where the document is not there yet.
  std::int64_t revision = 0;
  /// Of whom wrote it last; see DocumentDatabase.
  std::int64_t fence = 0;
  /// The module's own entries about this aggregate.
  std::vector<LogEntry> log;
  std::vector<Timer> timers;
  std::vector<Answer> answers;
  std::vector<DeadLetter> dead_letters;
  std::vector<Applied> applied;
  std::vector<Foreign> foreign;
  /// What the module, or the kernel for its own records, keeps of it.
  Document body;
};

/// The aggregate's subject is the id behind its prefix.
std::string subject_document_id(std::string_view subject);
std::string_view subject_of_document(std::string_view id);

Document to_document(const DocumentRecord& record);
/// Throws StorageError where the document is none of ours.
DocumentRecord to_record(const Document& document);
/// The entries of a document's log alone, for a query that asked for no more.
std::vector<LogEntry> log_of(const Document& document);

}  // namespace seamline::store
