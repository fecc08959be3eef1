#pragma once

#include "contract/fields.hpp"
#include "host/module_spec.hpp"

namespace seamline::user {

/// The section `modules.user` of the configuration.
struct Settings {
  std::int64_t password_memory_kib = 19'456;
  std::int64_t password_passes = 2;

  static constexpr std::tuple fields{
      Field{"password_memory_kib", &Settings::password_memory_kib, "Memory that hashing one password takes (argon2id), in KiB.",
            range(7'168, 1'048'576)},
      Field{"password_passes", &Settings::password_passes, "Passes over that memory.", range(1, 10)}};
};

/// The user module: who there is, and how they prove it.
host::ModuleSpec module(const Settings& settings);

}  // namespace seamline::user
