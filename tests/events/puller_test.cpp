#include "events/puller.hpp"

#include "ear.hpp"
#include "support/catch.hpp"

using namespace seamline;
using namespace seamline::test;

namespace {

std::int64_t receipt_of_ear(NoteStore& publisher) {
  return publisher->read([](store::View& view) {
    auto row = view.rows().query("SELECT seq FROM receipts WHERE subscriber = 'ear'");
    return row.next() ? row.integer(0) : -1;
  });
}

}  // namespace

TEST_CASE("a subscriber in the same process sends receipts of what it has applied, now and then") {
  NoteStore publisher;
  publish_numbers(publisher, 1, 5);
  Ear ear(publisher);
  ear.settle();
  CHECK(receipt_of_ear(publisher) == -1);
  publisher.clock.advance_ms(5'000);
  ear.settle();
  CHECK(receipt_of_ear(publisher) == 5);
  publish_numbers(publisher, 6, 6);
  publisher.clock.advance_ms(1'000);
  ear.settle();
  publisher.clock.advance_ms(1'000);
  ear.settle();
  CHECK(ear.consumer->applied().seq == 6);
  CHECK(receipt_of_ear(publisher) == 5);
  publisher.clock.advance_ms(5'000);
  ear.settle();
  CHECK(receipt_of_ear(publisher) == 6);
}

TEST_CASE("a receipt is of the cursor that is written down, not of entries that were only passed over") {
  NoteStore publisher;
  Ear ear(publisher);
  ear.settle();
  (void)publisher->write({}, [](store::Transaction& transaction) -> Result<void> {
    transaction.publish(NoteSeen{{"x"}});
    return {};
  });
  ear.offer(publisher.whole_log(), 1, 1);
  publish_numbers(publisher, 2, 2);
  ear.offer(publisher.whole_log(), 2, 2);
  ear.store->writer().step();
  (void)publisher->write({}, [](store::Transaction& transaction) -> Result<void> {
    transaction.publish(NoteSeen{{"x"}});
    return {};
  });
  ear.consumer->notice_idle(0);
  ear.offer(publisher.whole_log(), 3, 3);
  CHECK(ear.consumer->receipt_seq() == 2);
  ear.consumer->notice_idle(0);
  ear.store->writer().step();
  ear.consumer->notice_idle(0);
  ear.store->writer().step();
  CHECK(ear.consumer->receipt_seq() == 3);
  CHECK(ear.consumer->applied().seq == 3);
}
