#include <algorithm>
#include <chrono>

#include "events/kafka_watch.hpp"

namespace seamline::events {

std::shared_ptr<const KafkaTopicView> KafkaTopic::view() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

void KafkaTopic::wait_for_other(const std::shared_ptr<const KafkaTopicView>& view, std::int64_t wait_ms) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(wait_ms), [&] { return view_ != view; });
}

std::int64_t KafkaTopic::ask_for_look() {
  std::int64_t next = 0;
  {
    const std::lock_guard lock(mutex_);
    next = looks_begun_ + 1;
  }
  wake_();
  return next;
}

void KafkaTopic::demand() {
  {
    const std::lock_guard lock(mutex_);
    is_demanded_ = true;
  }
  wake_();
}

bool KafkaTopic::is_demanded() const {
  const std::lock_guard lock(mutex_);
  return is_demanded_;
}

void KafkaTopic::saw(std::int64_t incarnation, std::int64_t partition, std::int64_t end) {
  const std::lock_guard lock(mutex_);
  if (incarnation != view_->incarnation || partition < 0) return;
  const auto index = static_cast<std::size_t>(partition);
  if (seen_.size() <= index) seen_.resize(index + 1);
  seen_[index].end = std::max(seen_[index].end, end);
}

void KafkaTopic::saw_loss(std::int64_t incarnation) {
  const std::lock_guard lock(mutex_);
  if (incarnation == view_->incarnation) is_loss_seen_ = true;
}

void KafkaTopic::begin_look() {
  const std::lock_guard lock(mutex_);
  ++looks_begun_;
  expected_ = seen_;
}

bool KafkaTopic::contradicts(const KafkaLook& look) const {
  if (!view_->latest.cluster_id.empty() && look.cluster_id != view_->latest.cluster_id) return true;
  // A topic that is missing has yet to show whether what comes is another one.
  if (look.partitions.empty()) return false;
  if (is_loss_seen_) return true;
  for (std::size_t i = 0; i < expected_.size(); ++i) {
    const KafkaRange& expected = expected_[i];
    const KafkaRange found = i < look.partitions.size() ? look.partitions[i] : KafkaRange{0, 0};
    if (found.end >= 0 && found.end < expected.end) return true;
    if (found.begin >= 0 && found.begin < expected.begin) return true;
  }
  return false;
}

void KafkaTopic::end_look(Result<KafkaLook> look) {
  {
    const std::lock_guard lock(mutex_);
    auto view = std::make_shared<KafkaTopicView>(*view_);
    if (!look) {
      view->problem = look.error().detail;
    } else {
      if (contradicts(*look)) {
        ++view->incarnation;
        is_loss_seen_ = false;
        seen_.clear();
      }
      if (seen_.size() < look->partitions.size()) seen_.resize(look->partitions.size());
      for (std::size_t i = 0; i < look->partitions.size(); ++i) {
        seen_[i].begin = std::max(seen_[i].begin, look->partitions[i].begin);
        seen_[i].end = std::max(seen_[i].end, look->partitions[i].end);
      }
      view->latest = std::move(*look);
      view->look = looks_begun_;
      view->problem.clear();
    }
    view_ = std::move(view);
  }
  changed_.notify_all();
}

}  // namespace seamline::events
