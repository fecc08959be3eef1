#pragma once

#include <deque>
#include <functional>
#include <limits>

#include "mongodb/ferret.hpp"

namespace seamline::test {

/// The process ends here.
struct Death {};

/// What becomes of one bulk: this many of its documents are written before the connection breaks.
struct Breakdown {
  enum class Then : std::uint8_t {
    lost,      // nothing more of it is
    late,      // the rest is, before the next bulk arrives
    not_sent,  // nothing is, and that is known
    death,     // nothing more, and the process ends
  };
  std::size_t written = 0;
  Then then = Then::lost;
  /// How many reads behind it find no server.
  int reads_failing = 0;
};

/// A server between which and the store the connection breaks when it is told to. Every connection of one process shares what
/// is to go wrong.
class FlakyServer final : public store::DocumentServer {
 public:
  struct Plan {
    std::deque<Breakdown> breakdowns;
    int reads_failing = 0;
    /// Run once, before the next bulk.
    std::function<void()> before_write;
    /// Run once, before the first read behind a broken bulk.
    std::function<void()> before_read;
    bool is_broken = false;
  };

  FlakyServer(std::string url, Plan& plan) : server_({std::move(url), "note"}), plan_(plan) {}
  std::unique_ptr<store::DocumentCollection> connect() override { return std::make_unique<Collection>(server_.connect(), plan_); }
  std::string place() const override { return server_.place(); }

 private:
  class Collection final : public store::DocumentCollection {
   public:
    Collection(std::unique_ptr<store::DocumentCollection> real, Plan& plan) : real_(std::move(real)), plan_(plan) {}

    void find(const Query& query, const std::function<bool(const store::Document&)>& take) override {
      if (plan_.is_broken) {
        if (auto action = std::exchange(plan_.before_read, {})) action();
      }
      if (plan_.reads_failing > 0) {
        --plan_.reads_failing;
        throw store::StorageError("no server", store::StorageError::Severity::passing);
      }
      real_->find(query, take);
    }
    std::vector<std::pair<std::string, std::int64_t>> count_by(const std::string& member) override {
      return real_->count_by(member);
    }
    void ensure_index(const std::string& name, const store::Document& members, bool is_unique) override {
      real_->ensure_index(name, members, is_unique);
    }
    store::BulkOutcome write(std::span<const store::DocumentWrite> writes) override {
      if (auto action = std::exchange(plan_.before_write, {})) action();
      if (plan_.breakdowns.empty()) return real_->write(writes);
      const Breakdown breakdown = plan_.breakdowns.front();
      plan_.breakdowns.pop_front();
      plan_.reads_failing = breakdown.reads_failing;
      plan_.is_broken = true;
      if (breakdown.then == Breakdown::Then::not_sent) return {store::BulkOutcome::Kind::not_sent, "no server"};
      const std::size_t written = std::min(breakdown.written, writes.size());
      if (written > 0) (void)real_->write(writes.first(written));
      if (breakdown.then == Breakdown::Then::death) throw Death{};
      if (breakdown.then == Breakdown::Then::late) {
        std::vector<store::DocumentWrite> rest(writes.begin() + static_cast<std::ptrdiff_t>(written), writes.end());
        plan_.before_write = [this, rest = std::move(rest)] { (void)real_->write(rest); };
      }
      return {store::BulkOutcome::Kind::unknown, "the connection broke"};
    }

   private:
    std::unique_ptr<store::DocumentCollection> real_;
    Plan& plan_;
  };

  store::MongoServer server_;
  Plan& plan_;
};

}  // namespace seamline::test
