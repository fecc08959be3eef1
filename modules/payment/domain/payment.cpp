#include "domain/payment.hpp"

namespace seamline::payment {

bool OrderPayment::hear_ending(Ending word) {
  if (ending != Ending::open) return false;
  ending = word;
  return true;
}

}  // namespace seamline::payment
