#include "configuration.hpp"

#include <unistd.h>

#include <cstdlib>

namespace seamline::app {
namespace {

std::vector<std::pair<std::string, std::string>> environment_variables() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

Error invalid(std::string detail) { return fail(config::errors::invalid, std::move(detail)).value(); }

Error at_origin(const config::Layers& layers, const std::string& key, Error error) {
  error.detail = layers.origin_of(key) + ": " + error.detail;
  return error;
}

Result<void> check_module(const config::Layers& layers, std::string_view name, const ModuleAddress& module) {
  const std::string section = "modules." + std::string(name) + ".";
  if (const auto url = parse_url(section + "url", module.url); !url) return fail(at_origin(layers, section + "url", url.error()));
  if (!module.listen.empty()) {
    const auto listen = parse_address(section + "listen", module.listen);
    if (!listen) return fail(at_origin(layers, section + "listen", listen.error()));
  }
  const auto admin = parse_address(section + "admin", module.admin);
  if (!admin) return fail(at_origin(layers, section + "admin", admin.error()));
  if (!admin->is_loopback()) {
    return fail(invalid(layers.origin_of(section + "admin") + ": " + section +
                        "admin must be a loopback address: it lets its callers do everything."));
  }
  return {};
}

Result<void> check_module_storage(const config::Layers& layers, std::string_view name, const store::Storage& storage) {
  const auto checked = store::check_storage(storage);
  if (checked) return {};
  const std::string key = "storage." + std::string(name);
  return fail(invalid(layers.origin_of(key + ".kind") + ": " + key + ": " + checked.error().detail));
}

Result<void> check_listeners(const config::Layers& layers, const Configuration& configuration) {
  const auto listen = parse_address("listen", configuration.listen);
  if (!listen) return fail(listen.error());
  const auto admin = parse_address("admin", configuration.admin);
  if (!admin) return fail(admin.error());
  if (!admin->is_loopback()) {
    return fail(invalid(layers.origin_of("admin") + ": admin must be a loopback address: it lets its callers do everything."));
  }
  if (configuration.security.auth == Authentication::off && !listen->is_loopback()) {
    return fail(invalid(layers.origin_of("security.auth") +
                        ": security.auth is \"off\", which is refused while listen is not on loopback: everybody who reaches " +
                        configuration.listen + " would be an admin."));
  }
  return {};
}

}  // namespace

Result<config::Layers> load_layers(const ConfigurationSources& sources) {
  config::Layers layers(config::keys_of<Configuration>());
  if (!sources.file.empty()) {
    if (auto added = layers.add_file(sources.file); !added) return fail(std::move(added.error()));
  }
  const auto variables = environment_variables();
  if (auto added = add_telemetry_variables(layers, variables); !added) return fail(std::move(added.error()));
  if (auto added = layers.add_environment(variables, environment_prefix, other_variables); !added)
    return fail(std::move(added.error()));
  for (const std::string& assignment : sources.assignments) {
    const auto equals = assignment.find('=');
    if (equals == std::string::npos) return fail(invalid("--set " + assignment + ": write it as key=value."));
    auto set = layers.set(assignment.substr(0, equals), assignment.substr(equals + 1), "--set");
    if (!set) return fail(std::move(set.error()));
  }
  return layers;
}

Result<Configuration> read_configuration(const config::Layers& layers) {
  auto configuration = config::read<Configuration>(layers);
  if (!configuration) return configuration;
  Result<void> checked;
  for_each_field<ModulesSection>([&](const auto& module) {
    if (checked) checked = check_module(layers, module.name, configuration->modules.*module.member);
  });
  for_each_field<StorageSection>([&](const auto& module) {
    if (checked) checked = check_module_storage(layers, module.name, configuration->storage.*module.member);
  });
  if (checked) checked = check_listeners(layers, *configuration);
  if (checked) checked = check_telemetry(layers, configuration->telemetry);
  if (!checked) return fail(std::move(checked.error()));
  return configuration;
}

Result<Configuration> load_configuration(const ConfigurationSources& sources) {
  const auto layers = load_layers(sources);
  if (!layers) return fail(layers.error());
  return read_configuration(*layers);
}

store::Storage storage_of(const Configuration& configuration, std::string_view module) {
  store::Storage storage;
  for_each_field<StorageSection>([&](const auto& field) {
    if (field.name == module) storage = configuration.storage.*field.member;
  });
  return storage;
}

store::ServerLimits server_limits(const Configuration& configuration) {
  const StoreSection& limits = configuration.store;
  return {limits.connect_timeout_ms, limits.statement_timeout_ms, limits.lock_timeout_ms, limits.reconnect_ms,
          limits.resolve_timeout_ms};
}

store::DatabaseOptions database_options(const Configuration& configuration, const std::string& module) {
  store::DatabaseOptions options;
  options.module = module;
  options.directory = std::filesystem::path(configuration.data_dir) / module;
  options.storage = storage_of(configuration, module);
  options.server = server_limits(configuration);
  return options;
}

void read_secrets(Configuration& configuration) {
  const auto secret = [](const char* variable) {
    const char* text = std::getenv(variable);
    return Secret{text == nullptr ? std::string() : std::string(text)};
  };
  configuration.modules.user.admin_password = secret("SEAMLINE_ADMIN_PASSWORD");
  configuration.security.service_secret = secret("SEAMLINE_SERVICE_SECRET");
  configuration.nats.password = secret("SEAMLINE_NATS_PASSWORD");
  configuration.modules.user.service_secret = configuration.security.service_secret;
  configuration.modules.user.service_names = {"gateway"};
  for_each_field<ModulesSection>([&](const auto& module) { configuration.modules.user.service_names.emplace_back(module.name); });
}

Result<http::HostAndPort> parse_address(std::string_view key, std::string_view text) {
  auto address = http::read_host_and_port(text);
  if (address && !address->host.empty()) return std::move(*address);
  return fail(
      invalid(std::string(key) + " is \"" + std::string(text) + "\", and must be host:port, for example 127.0.0.1:8080."));
}

Result<http::HostAndPort> parse_url(std::string_view key, std::string_view text) {
  constexpr std::string_view scheme = "http://";
  std::string_view rest = text.starts_with(scheme) ? text.substr(scheme.size()) : std::string_view();
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const auto address = parse_address(key, rest);
  if (address && rest.find('/') == std::string_view::npos) return address;
  return fail(invalid(std::string(key) + " is \"" + std::string(text) +
                      "\", and must be http://host:port, for example http://127.0.0.1:8103."));
}

http::HostAndPort listen_address(const ModuleAddress& module) {
  return module.listen.empty() ? parse_url("url", module.url).value() : parse_address("listen", module.listen).value();
}

}  // namespace seamline::app
