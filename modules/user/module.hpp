#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "contract/fields.hpp"
#include "host/module_spec.hpp"

namespace seamline::user {

/// The section `modules.user` of the configuration.
struct Settings {
  std::int64_t password_memory_kib = 19'456;
  std::int64_t password_passes = 2;
  std::string token_issuer = "https://seamline.local";
  std::string token_audience = "seamline";
  std::int64_t token_life_s = 900;
  std::int64_t service_token_life_s = 300;
  std::int64_t refresh_life_s = 30LL * 24 * 3600;
  std::int64_t sessions_per_user = 20;
  std::int64_t login_failures = 10;
  std::int64_t login_window_s = 900;
  std::int64_t login_accounts = 10'000;

  /// The first administrator's password, at the first start; empty draws one. A secret, so no key of the configuration: whoever
  /// composes the process takes it from where secrets are kept.
  Secret admin_password;
  /// The secret that the services of the shop share, of 32 bytes at least, and their names. For it a service gets tokens by
  /// which others know it. Empty: there are none. A secret, so no key of the configuration; who there is says whoever composes
  /// the process.
  Secret service_secret;
  std::vector<std::string> service_names;
  /// Called at the first start where a password was drawn, with the account and the file (mode 0600) that holds the password:
  /// once, from the module's constructor. May be empty.
  std::function<void(std::string_view email, const std::filesystem::path& password_file)> on_admin_made;

  static constexpr std::tuple fields{
      Field{"password_memory_kib", &Settings::password_memory_kib, "Memory that hashing one password takes (argon2id), in KiB.",
            range(7'168, 1'048'576)},
      Field{"password_passes", &Settings::password_passes, "Passes over that memory.", range(1, 10)},
      Field{"token_issuer", &Settings::token_issuer, "Who issues access tokens: their claim iss.", length(1, 300)},
      Field{"token_audience", &Settings::token_audience, "For whom access tokens are: their claim aud.", length(1, 300)},
      Field{"token_life_s", &Settings::token_life_s, "How long an access token is valid, in seconds.", range(60, 3600)},
      Field{"service_token_life_s", &Settings::service_token_life_s, "How long a service's token is valid, in seconds.",
            range(10, 900)},
      Field{"refresh_life_s", &Settings::refresh_life_s, "How long a session lasts from its last refresh, in seconds.",
            range(60, 365LL * 24 * 3600)},
      Field{"sessions_per_user", &Settings::sessions_per_user, "Sessions that one user may have; a further one ends the oldest.",
            range(1, 1000)},
      Field{"login_failures", &Settings::login_failures,
            "Failed logins to one account after which further ones are refused for a while.", range(1, 1000)},
      Field{"login_window_s", &Settings::login_window_s, "How long failed logins are counted, from the first, in seconds.",
            range(1, 86'400)},
      Field{"login_accounts", &Settings::login_accounts, "Accounts whose failed logins are remembered at once.",
            range(10, 1'000'000)}};
};

/// The user module: who there is, and how they prove it.
host::ModuleSpec module(const Settings& settings);

}  // namespace seamline::user
