#include "host/broker_metrics.hpp"

#include <algorithm>
#include <array>

#include "host/host.hpp"

namespace seamline::host {
namespace {

using observe::Labels;
using observe::MetricSink;
using observe::MetricType;

template <class Counts>
struct Counter {
  std::string_view name;
  std::string_view help;
  std::int64_t Counts::* count;
};

/// One family a counter, with one sample for each of `items`.
template <class Counts, std::size_t count, class Items, class LabelsOf, class CountsOf>
void write_counters(MetricSink& out, const std::array<Counter<Counts>, count>& counters, const Items& items,
                    LabelsOf labels_of_item, CountsOf counts_of_item) {
  for (const Counter<Counts>& counter : counters) {
    out.family(counter.name, MetricType::counter, counter.help);
    for (const auto& item : items) out.sample(labels_of_item(*item), static_cast<double>(counts_of_item(*item).*counter.count));
  }
}

void write_relays(MetricSink& out, const BrokerLinks& links) {
  using events::RelayCounts;
  static constexpr std::array counters{
      Counter<RelayCounts>{"seamline_relay_sent_total", "Events sent to a broker.", &RelayCounts::sent},
      Counter<RelayCounts>{"seamline_relay_failed_total", "Events that a broker did not take; they were sent again.",
                           &RelayCounts::failed},
      Counter<RelayCounts>{"seamline_relay_refills_total", "Times that a broker had lost its data.", &RelayCounts::refills}};
  const auto labels = [](const BrokerLinks::Sending& sending) {
    return Labels{{"module", sending.module}, {"broker", sending.broker}};
  };
  write_counters(out, counters, links.sendings(), labels, [](const BrokerLinks::Sending& one) { return one.relay->counts(); });
  out.family("seamline_relay_lag", MetricType::gauge, "Entries of a module's log that its broker has not acknowledged.");
  for (const auto& sending : links.sendings()) {
    const RelayCounts counts = sending->relay->counts();
    out.sample(labels(*sending), static_cast<double>(std::max<std::int64_t>(0, counts.head_seq - counts.acknowledged_seq)));
  }
}

Labels labels_of(const BrokerLinks::Hearing& hearing) {
  const events::ForeignInbox& inbox = *hearing.inbox;
  return {{"subscriber", inbox.subscriber()}, {"topic", inbox.topic().name}, {"broker", inbox.topic().broker}};
}

void write_receivers(MetricSink& out, const BrokerLinks& links) {
  using events::ReceiverCounts;
  static constexpr std::array counters{
      Counter<ReceiverCounts>{"seamline_broker_received_total", "Events that came from a broker.", &ReceiverCounts::received},
      Counter<ReceiverCounts>{"seamline_broker_duplicates_total", "Entries that had come before.", &ReceiverCounts::duplicates},
      Counter<ReceiverCounts>{"seamline_broker_gaps_total", "Times that the log was read for what did not come.",
                              &ReceiverCounts::given_up},
      Counter<ReceiverCounts>{"seamline_broker_refused_total", "Events that were no entry of the log, and nobody else's.",
                              &ReceiverCounts::refused},
      Counter<ReceiverCounts>{"seamline_broker_failures_total", "Times that a broker was out of reach.",
                              &ReceiverCounts::failures}};
  write_counters(out, counters, links.hearings(), labels_of,
                 [](const BrokerLinks::Hearing& one) { return one.receiver->counts(); });
}

void write_inboxes(MetricSink& out, const BrokerLinks& links) {
  using events::ForeignCounts;
  static constexpr std::array counters{
      Counter<ForeignCounts>{"seamline_foreign_applied_total", "Foreign events that were applied.", &ForeignCounts::applied},
      Counter<ForeignCounts>{"seamline_foreign_duplicates_total", "Foreign events that came again.", &ForeignCounts::duplicates},
      Counter<ForeignCounts>{"seamline_foreign_unheard_total", "Foreign events that the subscriber does not hear.",
                             &ForeignCounts::unheard},
      Counter<ForeignCounts>{"seamline_foreign_dead_letters_total", "Foreign events that can never be applied.",
                             &ForeignCounts::dead_letters}};
  write_counters(out, counters, links.hearings(), labels_of, [](const BrokerLinks::Hearing& one) { return one.inbox->counts(); });
}

}  // namespace

void write_broker_metrics(MetricSink& out, const BrokerLinks& links) {
  if (!links.sendings().empty()) write_relays(out, links);
  if (links.hearings().empty()) return;
  write_receivers(out, links);
  write_inboxes(out, links);
}

}  // namespace seamline::host
