#pragma once

#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>

#include "base/random.hpp"
#include "host/host.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_folder.hpp"
#include "support/test_storage.hpp"
#include "user/contract.hpp"
#include "user/module.hpp"

namespace seamline::test {

/// The user module alone in a host, single-threaded, with cheap passwords. Can be stopped and started again over the same store.
class UserHost {
 public:
  static constexpr const char* admin_password = "the admin's secret";
  static constexpr const char* password = "long enough";

  explicit UserHost(user::Settings changed = cheap()) : settings(std::move(changed)) {
    if (auto started = start(); !started) throw std::runtime_error(started.error().detail);
  }

  static user::Settings cheap() {
    user::Settings settings;
    settings.password_memory_kib = 7'168;
    settings.password_passes = 1;
    settings.admin_password.text = admin_password;
    return settings;
  }

  Result<void> start() {
    host::HostOptions options;
    options.data_dir = folder.path();
    options.threads = false;
    options.storage["user"] = storage_for(options.data_dir / "user");
    host = std::make_unique<host::Host>(options, clock, Random::system());
    if (auto added = host->add(user::module(settings)); !added) {
      host.reset();
      return added;
    }
    users = &host->port<user::UserContract>("test");
    host->start();
    return {};
  }
  void stop() { host.reset(); }

  Result<user::User> register_user(const std::string& email, const std::string& with_password = password) {
    return users->call({}, user::RegisterUser{email, {with_password}, "Ada"});
  }
  Result<user::Tokens> log_in(const std::string& email, const std::string& with_password = password,
                              std::optional<std::string> client = std::nullopt) {
    return users->call(
        {}, user::IssueTokens{"password", email, Secret{with_password}, std::nullopt, std::move(client), std::nullopt});
  }
  Result<user::Tokens> refresh(const std::optional<Secret>& token, std::optional<std::string> client = std::nullopt) {
    return users->call({},
                       user::IssueTokens{"refresh_token", std::nullopt, std::nullopt, token, std::move(client), std::nullopt});
  }
  std::int64_t count(store::Sql sql) {
    return host->store_of("user").read([&](store::View& view) {
      auto row = view.rows().query(sql);
      row.next();
      return row.integer(0);
    });
  }
  /// Every byte that the store has on disk.
  std::string stored_bytes() const {
    std::string all;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "user")) {
      if (entry.path().filename() == "sealing-key") continue;
      std::ifstream in(entry.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(in), {});
    }
    return all;
  }

  ManualClock clock;
  TemporaryFolder folder;
  user::Settings settings;
  std::unique_ptr<host::Host> host;
  Port<user::UserContract>* users = nullptr;
};

}  // namespace seamline::test
