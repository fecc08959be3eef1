#pragma once

#include "audit/cut.hpp"
#include "audit/dossier.hpp"
#include "audit/findings.hpp"

namespace seamline::audit {

/// O1 to O8, U4, M10, and what of I1 and I2 is about orders: one order after the other.
class OrderChecks {
 public:
  OrderChecks(Cut& cut, Findings& findings);
  void examine(const Dossier& order);

 private:
  void versions(const Dossier& order);
  void fold(const Dossier& order);
  void legal_order(const Dossier& order);
  void announcements(const Dossier& order);
  void created(const Dossier& order);
  void timers(const Dossier& order);
  void user(const Dossier& order);
  void total(const Dossier& order);
  void answers(const Dossier& order);

  Findings& findings_;
  Cursor user_;
};

}  // namespace seamline::audit
