#include "domain/payment.hpp"

namespace seamline::payment {

void OrderPayment::hear_ending(Ending word) {
  if (ending == Ending::open) ending = word;
}

}  // namespace seamline::payment
