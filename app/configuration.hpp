#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/layers.hpp"
#include "http/address.hpp"
#include "inventory/module.hpp"
#include "order/module.hpp"
#include "payment/module.hpp"
#include "registry/settings.hpp"
#include "resilience/resilient_transport.hpp"
#include "store/database.hpp"
#include "telemetry_section.hpp"
#include "user/module.hpp"

namespace seamline::app {

/// Where a module runs: in the main process, as a service of its own, or nowhere, as somebody else stands in for it.
enum class Placement : std::uint8_t { local, remote, foreign };
/// How events reach subscribers in another process. Within a process they are handed over directly.
enum class Carrier : std::uint8_t { http, kafka, nats };
/// Whether callers must prove who they are.
enum class Authentication : std::uint8_t { on, off };
enum class LogLevel : std::uint8_t { debug, info, warning, error, off };

}  // namespace seamline::app

template <>
inline constexpr std::array<std::string_view, 3> seamline::enum_names<seamline::store::StorageKind>{"sqlite", "postgres",
                                                                                                    "mongodb"};
template <>
inline constexpr std::array<std::string_view, 3> seamline::enum_names<seamline::app::Placement>{"local", "remote", "foreign"};
template <>
inline constexpr std::array<std::string_view, 3> seamline::enum_names<seamline::app::Carrier>{"http", "kafka", "nats"};
template <>
inline constexpr std::array<std::string_view, 2> seamline::enum_names<seamline::app::Authentication>{"on", "off"};
template <>
inline constexpr std::array<std::string_view, 5> seamline::enum_names<seamline::app::LogLevel>{"debug", "info", "warning",
                                                                                               "error", "off"};

namespace seamline::app {

/// Where a module runs and is reached, whatever its own settings.
struct ModuleAddress {
  Placement placement = Placement::local;
  std::string url;
  std::string listen;
  std::string admin = "127.0.0.1:0";
  std::optional<Carrier> carrier;
};

/// The section of one module: where it runs, and its own settings.
template <class Settings>
struct ModuleSection : ModuleAddress, Settings {
  ModuleSection() = default;
  explicit ModuleSection(std::string default_url) { url = std::move(default_url); }

  static constexpr auto fields = std::tuple_cat(
      std::tuple{
          Field{"placement", &ModuleSection::placement,
                "local: in the main process. remote: a process of its own, at url. foreign: no module of this shop; somebody "
                "else hears "
                "and publishes its events over a broker, and nobody answers its calls."},
          Field{"url", &ModuleSection::url,
                "Where other processes of the shop reach the module, wherever it runs; used as soon as any module is remote.",
                length(8, 300)},
          Field{"listen", &ModuleSection::listen, "The address to bind where it is not that of url; empty: that of url.",
                length(0, 300)},
          Field{"admin", &ModuleSection::admin,
                "Address for metrics and control of the module's own process, on loopback; port 0 takes a free one, written to "
                "<data_dir>/<module>/admin.",
                length(3, 300)},
          Field{"carrier", &ModuleSection::carrier,
                "How the module's events reach other processes, where not as events.carrier says."}},
      Settings::fields);
};

struct ModulesSection {
  ModuleSection<user::Settings> user{"http://127.0.0.1:8101"};
  ModuleSection<inventory::Settings> inventory{"http://127.0.0.1:8104"};
  ModuleSection<payment::Settings> payment{"http://127.0.0.1:8103"};
  ModuleSection<order::Settings> order{"http://127.0.0.1:8102"};

  static constexpr std::tuple fields{Field{"user", &ModulesSection::user, "The user module."},
                                     Field{"inventory", &ModulesSection::inventory, "The inventory module."},
                                     Field{"payment", &ModulesSection::payment, "The payment module."},
                                     Field{"order", &ModulesSection::order, "The order module."}};
};

/// Where one module keeps its data.
struct ModuleStorage : store::Storage {
  static constexpr std::tuple fields{
      Field{"kind", &ModuleStorage::kind,
            "sqlite: a file in <data_dir>/<module>. postgres: a schema on a server, at url. mongodb: a collection, at url; order "
            "alone can."},
      Field{"url", &ModuleStorage::url,
            "postgres://user@host:port/database, without a password; ?schema=name where it is not to be seamline_<module>. "
            "mongodb://user@host:port/database likewise.",
            length(0, 2000)}};
};

struct StorageSection {
  ModuleStorage user;
  ModuleStorage inventory;
  ModuleStorage payment;
  ModuleStorage order;

  static constexpr std::tuple fields{Field{"user", &StorageSection::user, "The rows of the user module."},
                                     Field{"inventory", &StorageSection::inventory, "The rows of the inventory module."},
                                     Field{"payment", &StorageSection::payment, "The rows of the payment module."},
                                     Field{"order", &StorageSection::order, "The rows of the order module."}};
};

struct EventsSection {
  Carrier carrier = Carrier::http;
  std::string topic_prefix;
  std::int64_t queue_entries = 4096;
  std::int64_t read_entries = 1000;
  std::int64_t wait_ms = 25'000;
  std::int64_t receipt_ms = 1000;
  std::int64_t max_polls = 32;
  std::int64_t poll_ms = 1000;
  std::int64_t timer_poll_ms = 100;
  std::int64_t timer_grace_ms = 10'000;

  static constexpr std::tuple fields{
      Field{
          "carrier", &EventsSection::carrier,
          "How events reach modules in other processes. A broker only hastens: what it loses is read from the publisher's log."},
      Field{"topic_prefix", &EventsSection::topic_prefix, "What the names of topics begin with.", length(0, 100)},
      Field{"queue_entries", &EventsSection::queue_entries,
            "Events that may wait in memory for a subscriber; further ones are read from the log.", range(1, 1'000'000)},
      Field{"read_entries", &EventsSection::read_entries, "Events of one read of a log.", range(1, 10'000)},
      Field{"wait_ms", &EventsSection::wait_ms,
            "How long a subscriber elsewhere waits at the publisher for the next event, in milliseconds.", range(0, 30'000)},
      Field{"receipt_ms", &EventsSection::receipt_ms,
            "How often, at most, a subscriber tells a publisher elsewhere what it has applied, in milliseconds.",
            range(10, 3'600'000)},
      Field{"max_polls", &EventsSection::max_polls,
            "Subscribers elsewhere that may wait at one module for its next event; a further one is answered at once.",
            range(0, 10'000)},
      Field{"poll_ms", &EventsSection::poll_ms,
            "How often a subscriber that hears nothing compares itself with the log, in milliseconds.", range(10, 60'000)},
      Field{"timer_poll_ms", &EventsSection::timer_poll_ms, "How often due timers are looked for, in milliseconds.",
            range(1, 60'000)},
      Field{"timer_grace_ms", &EventsSection::timer_grace_ms,
            "How long due timers wait after a start or a stall, while the logs are read, in milliseconds.", range(0, 600'000)}};
};

/// How a Kafka cluster is reached and used.
struct KafkaSection {
  std::string brokers = "127.0.0.1:9092";
  std::int64_t partitions = 1;
  std::int64_t replication_factor = -1;
  std::int64_t max_event_bytes = 1'000'000;
  std::int64_t connect_timeout_ms = 3'000;
  std::int64_t request_timeout_ms = 3'000;
  std::string settings_file;

  static constexpr std::tuple fields{
      Field{"brokers", &KafkaSection::brokers, "Where the cluster is: host:port, several with commas between.", length(1, 4096)},
      Field{"partitions", &KafkaSection::partitions, "Of a topic that has to be made.", range(1, 1000)},
      Field{"replication_factor", &KafkaSection::replication_factor, "Likewise; -1 leaves it to the broker.", range(-1, 100)},
      Field{"max_event_bytes", &KafkaSection::max_event_bytes, "The largest event.", range(1024, 1 << 26)},
      Field{"connect_timeout_ms", &KafkaSection::connect_timeout_ms, "How long a connection may take, in milliseconds.",
            range(1000, 600'000)},
      Field{"request_timeout_ms", &KafkaSection::request_timeout_ms, "How long one answer may take, in milliseconds.",
            range(100, 600'000)},
      Field{"settings_file", &KafkaSection::settings_file,
            "A file with further settings of librdkafka, name=value a line, as for TLS and SASL. It may hold secrets.",
            length(0, 4096)}};
};

/// How NATS with JetStream is reached and used.
struct NatsSection {
  std::string urls = "nats://127.0.0.1:4222";
  std::int64_t replicas = 1;
  std::int64_t connect_timeout_ms = 2'000;
  std::int64_t request_timeout_ms = 5'000;
  std::string credentials_file;
  std::string user;
  /// A secret, so no key.
  Secret password;
  bool tls = false;
  std::string ca_file;
  std::string monitor_url;

  static constexpr std::tuple fields{
      Field{"urls", &NatsSection::urls, "Where the servers are: nats://host:port, several with commas between.", length(1, 4096)},
      Field{"replicas", &NatsSection::replicas, "Of a stream that has to be made.", range(1, 5)},
      Field{"connect_timeout_ms", &NatsSection::connect_timeout_ms, "How long a connection may take, in milliseconds.",
            range(100, 600'000)},
      Field{"request_timeout_ms", &NatsSection::request_timeout_ms, "How long one answer may take, in milliseconds.",
            range(100, 600'000)},
      Field{"credentials_file", &NatsSection::credentials_file, "A .creds file; empty for none.", length(0, 4096)},
      Field{"user", &NatsSection::user, "Else a user, whose password is SEAMLINE_NATS_PASSWORD.", length(0, 200)},
      Field{"tls", &NatsSection::tls, "Whether the connection is encrypted."},
      Field{"ca_file", &NatsSection::ca_file, "Who signs the servers' certificates, in PEM; empty for the system's.",
            length(0, 4096)},
      Field{"monitor_url", &NatsSection::monitor_url,
            "The server's monitoring, http://host:8222, where doctor sees when it writes to the disk; may be empty.",
            length(0, 300)}};
};

struct HttpSection {
  std::int64_t max_connections = 256;
  std::int64_t max_body_bytes = 1 << 20;
  std::int64_t max_target_bytes = 8 << 10;
  std::int64_t max_header_fields = 100;
  std::int64_t keep_alive_ms = 2'000;
  std::int64_t read_timeout_ms = 5'000;
  std::int64_t body_timeout_ms = 30'000;
  std::int64_t max_head_bytes = 16 << 10;
  std::int64_t deadline_ms = 10'000;

  static constexpr std::tuple fields{
      Field{"max_connections", &HttpSection::max_connections,
            "Connections that are served at once; a further one is answered 503.", range(1, 10'000)},
      Field{"max_body_bytes", &HttpSection::max_body_bytes, "The largest request body.", range(1024, 1 << 26)},
      Field{"max_target_bytes", &HttpSection::max_target_bytes, "The longest request target.", range(256, 1 << 16)},
      Field{"max_header_fields", &HttpSection::max_header_fields, "Header fields of a request.", range(10, 1000)},
      Field{"keep_alive_ms", &HttpSection::keep_alive_ms, "How long an idle connection is kept, in milliseconds.",
            range(100, 600'000)},
      Field{"read_timeout_ms", &HttpSection::read_timeout_ms, "How long a request may pause while it is read, in milliseconds.",
            range(100, 600'000)},
      Field{"body_timeout_ms", &HttpSection::body_timeout_ms, "How long a whole body may take, in milliseconds.",
            range(100, 600'000)},
      Field{"max_head_bytes", &HttpSection::max_head_bytes, "The request line with all header fields.", range(1024, 1 << 20)},
      Field{"deadline_ms", &HttpSection::deadline_ms,
            "How long a call may take that names no deadline of its own, in milliseconds.", range(100, 600'000)}};
};

struct StoreSection {
  std::int64_t readers = 4;
  std::int64_t checkpoint_pages = 1000;
  std::int64_t max_queued = 1024;
  std::int64_t batch_cap = 64;
  std::int64_t idempotency_keep_ms = 24LL * 3600 * 1000;
  std::int64_t connect_timeout_ms = store::ServerLimits().connect_timeout_ms;
  std::int64_t statement_timeout_ms = store::ServerLimits().statement_timeout_ms;
  std::int64_t lock_timeout_ms = store::ServerLimits().lock_timeout_ms;
  std::int64_t reconnect_ms = store::ServerLimits().reconnect_ms;
  std::int64_t resolve_timeout_ms = store::ServerLimits().resolve_timeout_ms;

  static constexpr std::tuple fields{
      Field{"readers", &StoreSection::readers, "Queries that run at once on one module's store.", range(1, 256)},
      Field{"checkpoint_pages", &StoreSection::checkpoint_pages,
            "How long the write-ahead log grows before it is moved into the file, in pages.", range(100, 100'000)},
      Field{"max_queued", &StoreSection::max_queued,
            "Commands that may wait for one module's writer; a further one is answered 503.", range(1, 1'000'000)},
      Field{"batch_cap", &StoreSection::batch_cap, "Units of work in one commit.", range(1, 4096)},
      Field{"idempotency_keep_ms", &StoreSection::idempotency_keep_ms,
            "How long answers are kept for repeats with their key, in milliseconds.", range(1000, 30LL * 24 * 3600 * 1000)},
      Field{"connect_timeout_ms", &StoreSection::connect_timeout_ms,
            "How long a connection to a database server may take to be made, in milliseconds.", range(1000, 600'000)},
      Field{
          "statement_timeout_ms", &StoreSection::statement_timeout_ms,
          "How long a database server may take for one statement, in milliseconds; silent for twice as long, it counts as gone.",
          range(100, 600'000)},
      Field{"lock_timeout_ms", &StoreSection::lock_timeout_ms,
            "How long a start waits for a store on a database server that another session still holds, in milliseconds.",
            range(10, 600'000)},
      Field{"reconnect_ms", &StoreSection::reconnect_ms,
            "The longest pause between two tries to reach a database server that is away, in milliseconds.", range(20, 600'000)},
      Field{"resolve_timeout_ms", &StoreSection::resolve_timeout_ms,
            "How long a writer asks whether a commit took place whose answer was lost, in milliseconds; then the process stops.",
            range(100, 86'400'000)}};
};

struct SecuritySection {
  Authentication auth = Authentication::on;
  std::int64_t max_cached_tokens = 10'000;
  /// By which the processes of the shop prove themselves to each other; empty where all are on loopback. A secret, so no key.
  Secret service_secret;

  static constexpr std::tuple fields{
      Field{"auth", &SecuritySection::auth,
            "off makes every caller an admin: for experiments, and only where every listener is on loopback."},
      Field{"max_cached_tokens", &SecuritySection::max_cached_tokens,
            "Verified access tokens that are not verified again until they expire.", range(16, 10'000'000)}};
};

struct LogSection {
  LogLevel level = LogLevel::info;
  static constexpr std::tuple fields{Field{"level", &LogSection::level, "What is logged on standard error."}};
};

/// All that can be configured, with its defaults.
struct Configuration {
  std::string data_dir = "data";
  std::string listen = "127.0.0.1:8080";
  std::string admin = "127.0.0.1:8081";
  ModulesSection modules;
  StorageSection storage;
  EventsSection events;
  KafkaSection kafka;
  NatsSection nats;
  resilience::ResilienceSettings calls;
  registry::RegistrySettings registry;
  HttpSection http;
  StoreSection store;
  SecuritySection security;
  LogSection log;
  TelemetrySection telemetry;

  static constexpr std::tuple fields{
      Field{"data_dir", &Configuration::data_dir, "The folder of the modules' stores.", length(1, 4096)},
      Field{"listen", &Configuration::listen, "Address and port for customers; port 0 takes a free one.", length(3, 300)},
      Field{"admin", &Configuration::admin, "Address and port for metrics and control, on loopback; port 0 takes a free one.",
            length(3, 300)},
      Field{"modules", &Configuration::modules, "The modules."},
      Field{"storage", &Configuration::storage, "Where the modules keep their rows."},
      Field{"events", &Configuration::events, "The events between modules."},
      Field{"kafka", &Configuration::kafka, "Kafka, where a carrier is \"kafka\"."},
      Field{"nats", &Configuration::nats, "NATS JetStream, where a carrier is \"nats\"."},
      Field{"calls", &Configuration::calls, "Calls to modules in other processes."},
      Field{"registry", &Configuration::registry, "How processes find each other."},
      Field{"http", &Configuration::http, "The HTTP listeners."},
      Field{"store", &Configuration::store, "The modules' stores."},
      Field{"security", &Configuration::security, "Who may do what."},
      Field{"log", &Configuration::log, "The log."},
      Field{"telemetry", &Configuration::telemetry, "Traces and metrics for an OpenTelemetry collector."}};
};

/// Where values come from, beside their defaults and the environment.
struct ConfigurationSources {
  /// The file; empty for none.
  std::string file;
  /// `key=value` flags, the strongest layer.
  std::vector<std::string> assignments;
};

/// The prefix of environment variables that are configuration.
inline constexpr std::string_view environment_prefix = "SEAMLINE_";
/// Variables of that prefix that are secrets or switches, and no configuration.
#ifdef SEAMLINE_FAULTS
inline constexpr std::array<std::string_view, 7> other_variables{
    "SEAMLINE_ADMIN_PASSWORD", "SEAMLINE_SERVICE_SECRET", "SEAMLINE_NATS_PASSWORD", "SEAMLINE_CRASH_AT",
    "SEAMLINE_CRASH_TRACE",    "SEAMLINE_MISTAKES",       "SEAMLINE_CLOCK_FILE"};
#else
inline constexpr std::array<std::string_view, 3> other_variables{"SEAMLINE_ADMIN_PASSWORD", "SEAMLINE_SERVICE_SECRET",
                                                                 "SEAMLINE_NATS_PASSWORD"};
#endif

/// All layers, in their order: file < OpenTelemetry's variables < environment < flags. Errors: config.unreadable,
/// config.unknown_key, config.invalid.
Result<config::Layers> load_layers(const ConfigurationSources& sources);
/// The configuration that they amount to, checked as a whole. Errors: config.invalid.
Result<Configuration> read_configuration(const config::Layers& layers);

/// Both at once, for who does not ask where a value came from. Errors: those of both.
Result<Configuration> load_configuration(const ConfigurationSources& sources);

/// Where the rows of the module of that name are.
store::Storage storage_of(const Configuration& configuration, std::string_view module);
/// What database servers are allowed.
store::ServerLimits server_limits(const Configuration& configuration);
/// How the database of the module of that name is opened.
store::DatabaseOptions database_options(const Configuration& configuration, const std::string& module);

/// Takes the secrets, which are no keys, from the environment.
void read_secrets(Configuration& configuration);

/// `host:port`, an IPv6 host in brackets. Errors: config.invalid.
Result<http::HostAndPort> parse_address(std::string_view key, std::string_view text);
/// The address in `http://host:port`, and nothing behind it. Errors: config.invalid.
Result<http::HostAndPort> parse_url(std::string_view key, std::string_view text);
/// What the module's own listener binds: its `listen`, or else the address of its url. It was checked with the configuration.
http::HostAndPort listen_address(const ModuleAddress& module);

}  // namespace seamline::app
