#include "events/nats_client.hpp"

#include <algorithm>
#include <cctype>

namespace seamline::events::nats {
namespace {

constexpr std::int64_t ping_interval_ms = 10'000;
constexpr std::int64_t nanoseconds_per_ms = 1'000'000;

/// A url may have a user and a password in it, which are nobody's business.
std::string without_user(const std::string& url) {
  const std::size_t host = url.find('@');
  if (host == std::string::npos) return url;
  const std::size_t scheme = url.find("://");
  return (scheme == std::string::npos ? "" : url.substr(0, scheme + 3)) + url.substr(host + 1);
}

std::string shown(const std::vector<std::string>& urls) {
  std::string text;
  for (const std::string& url : urls) text += (text.empty() ? "" : ", ") + without_user(url);
  return text;
}

natsStatus set_security(natsOptions* set, const NatsOptions& options) {
  natsStatus status = NATS_OK;
  if (!options.credentials_file.empty()) {
    status = natsOptions_SetUserCredentialsFromFiles(set, options.credentials_file.c_str(), nullptr);
  } else if (!options.user.empty()) {
    status = natsOptions_SetUserInfo(set, options.user.c_str(), options.password.c_str());
  }
  if (status == NATS_OK && options.tls) status = natsOptions_SetSecure(set, true);
  if (status == NATS_OK && !options.ca_file.empty()) {
    status = natsOptions_LoadCATrustedCertificates(set, options.ca_file.c_str());
  }
  return status;
}

natsStatus set_all(natsOptions* set, const NatsOptions& options, bool at_once) {
  std::vector<const char*> urls;
  for (const std::string& url : options.urls) urls.push_back(url.c_str());
  natsStatus status = natsOptions_SetServers(set, urls.data(), static_cast<int>(urls.size()));
  if (status == NATS_OK) status = natsOptions_SetName(set, "seamline");
  if (status == NATS_OK) status = natsOptions_SetTimeout(set, options.connect_timeout_ms);
  if (status == NATS_OK) status = natsOptions_SetAllowReconnect(set, false);
  if (status == NATS_OK) status = natsOptions_SetPingInterval(set, ping_interval_ms);
  if (status == NATS_OK) status = natsOptions_SetWriteDeadline(set, options.request_timeout_ms);
  if (status == NATS_OK) status = natsOptions_SetSendAsap(set, at_once);
  return status == NATS_OK ? set_security(set, options) : status;
}

tl::unexpected<Error> unavailable(std::string what) {
  Error error = std::move(fail(broker_unavailable, std::move(what)).value());
  error.retryable = true;
  return fail(std::move(error));
}

StreamState state_of(const jsStreamInfo& info) { return {info.Created, info.State.FirstSeq, info.State.LastSeq}; }

bool takes(const jsStreamInfo& info, const std::string& subject) {
  const char** begin = info.Config->Subjects;
  return std::any_of(begin, begin + info.Config->SubjectsLen, [&](const char* taken) { return subject == taken; });
}

}  // namespace

std::string reason(natsStatus status) {
  natsStatus last = NATS_OK;
  const char* details = nats_GetLastError(&last);
  if (last == status && details != nullptr && *details != '\0') return details;
  return natsStatus_GetText(status);
}

TopicNames::TopicNames(const NatsOptions& options, const std::string& topic)
    : stream(options.prefix + topic), subject(options.prefix + topic) {
  for (char& letter : stream) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0 && letter != '-') letter = '_';
  }
}

bool StorageIdentity::see(const StreamState& stream) {
  const std::string made = std::to_string(stream.created_ns);
  const bool is_same_stream = id_ == made || id_.starts_with(made + ".");
  if (is_same_stream && stream.last >= reached_) return false;
  id_ = is_same_stream ? made + "." + std::to_string(reached_) + "-" + std::to_string(stream.last) : made;
  reached_ = 0;
  return true;
}

Result<std::shared_ptr<Connection>> Connection::open(const NatsOptions& options, Sending sending) {
  const auto failed = [&](natsStatus status) {
    return unavailable("no NATS server answers as it should at " + shown(options.urls) + ": " + reason(status));
  };
  natsOptions* made_options = nullptr;
  if (const natsStatus status = natsOptions_Create(&made_options); status != NATS_OK) return failed(status);
  const Owned<natsOptions> set(made_options);
  if (const natsStatus status = set_all(made_options, options, sending == Sending::at_once); status != NATS_OK)
    return failed(status);

  std::shared_ptr<Connection> opened(new Connection);
  natsConnection* connection = nullptr;
  if (const natsStatus status = natsConnection_Connect(&connection, made_options); status != NATS_OK) return failed(status);
  opened->connection_.reset(connection);

  jsOptions stream_options;
  jsOptions_Init(&stream_options);
  stream_options.Wait = options.request_timeout_ms;
  jsCtx* streams = nullptr;
  if (const natsStatus status = natsConnection_JetStream(&streams, connection, &stream_options); status != NATS_OK) {
    return failed(status);
  }
  opened->streams_.reset(streams);
  return opened;
}

Result<std::optional<StreamState>> Connection::look_up(const TopicNames& names) {
  jsStreamInfo* found = nullptr;
  jsErrCode code{};
  const natsStatus status = js_GetStreamInfo(&found, streams_.get(), names.stream.c_str(), nullptr, &code);
  if (status == NATS_NOT_FOUND || code == JSStreamNotFoundErr) return std::nullopt;
  if (status == NATS_NO_RESPONDERS || code == JSNotEnabledErr || code == JSNotEnabledForAccountErr) {
    return unavailable("JetStream is off at the NATS server, or not for this account");
  }
  if (status != NATS_OK) return unavailable("NATS does not tell of the stream " + names.stream + ": " + reason(status));
  const Owned<jsStreamInfo> info(found);
  if (!takes(*info, names.subject)) {
    return unavailable("the stream " + names.stream + " does not take the subject " + names.subject +
                       ": give it that subject, or choose another prefix");
  }
  return state_of(*info);
}

Result<StreamState> Connection::make(const TopicNames& names, const NatsOptions& options) {
  const char* subject = names.subject.c_str();
  jsStreamConfig wanted;
  jsStreamConfig_Init(&wanted);
  wanted.Name = names.stream.c_str();
  wanted.Subjects = &subject;
  wanted.SubjectsLen = 1;
  wanted.Storage = js_FileStorage;
  wanted.Replicas = options.replicas;
  wanted.MaxAge = options.max_age_s * 1000 * nanoseconds_per_ms;
  if (options.max_bytes > 0) wanted.MaxBytes = options.max_bytes;

  jsStreamInfo* made = nullptr;
  jsErrCode code{};
  const natsStatus status = js_AddStream(&made, streams_.get(), &wanted, nullptr, &code);
  const Owned<jsStreamInfo> info(made);
  if (status == NATS_OK) return state_of(*info);
  const std::string problem = reason(status);
  if (code == JSStreamNameExistErr) {
    auto found = look_up(names);
    if (!found) return fail(std::move(found.error()));
    if (*found) return **found;
  }
  return unavailable("NATS does not make the stream " + names.stream + ": " + problem);
}

Result<void> Connection::send_stream(const TopicNames& names, const std::string& inbox, std::uint64_t first,
                                     std::int64_t heartbeat_ms) {
  jsConsumerConfig wanted;
  jsConsumerConfig_Init(&wanted);
  wanted.DeliverSubject = inbox.c_str();
  wanted.DeliverPolicy = js_DeliverByStartSequence;
  wanted.OptStartSeq = std::max<std::uint64_t>(first, 1);
  wanted.AckPolicy = js_AckNone;
  wanted.FlowControl = true;
  wanted.Heartbeat = heartbeat_ms * nanoseconds_per_ms;
  wanted.InactiveThreshold = wanted.Heartbeat;  // how long it outlives its inbox
  wanted.MemoryStorage = true;
  wanted.Replicas = 1;
  const natsStatus status = js_AddConsumer(nullptr, streams_.get(), names.stream.c_str(), &wanted, nullptr, nullptr);
  if (status != NATS_OK) return unavailable("NATS does not send the stream " + names.stream + ": " + reason(status));
  return {};
}

Result<Inbox> Connection::open_inbox(bool is_pattern) {
  natsInbox* name = nullptr;
  if (const natsStatus status = natsInbox_Create(&name); status != NATS_OK) return unavailable(reason(status));
  Inbox inbox{name, nullptr};
  natsInbox_Destroy(name);
  const std::string wanted = inbox.subject + (is_pattern ? ".*" : "");
  natsSubscription* made = nullptr;
  natsStatus status = natsConnection_SubscribeSync(&made, connection_.get(), wanted.c_str());
  inbox.messages.reset(made);
  // What lies there has a limit already: the events of which a publisher waits to hear, or the server's flow control (32 MB).
  if (status == NATS_OK) status = natsSubscription_SetPendingLimits(made, -1, -1);
  if (status != NATS_OK) return unavailable("cannot listen at NATS: " + reason(status));
  return inbox;
}

}  // namespace seamline::events::nats
