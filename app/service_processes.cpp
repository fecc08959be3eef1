#include "service_processes.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cctype>
#include <csignal>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace seamline::app {
namespace {

/// How wide the names are in front of the lines: that of the longest.
constexpr std::size_t name_width = 9;

std::vector<std::string> service_command(const ConfigurationSources& sources, std::string_view module) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  std::vector<std::string> command{program, "serve", "--module", std::string(module)};
  if (!sources.file.empty()) command.insert(command.end(), {"--config", sources.file});
  return command;
}

/// The flags of this process as variables of a child's environment, where other users of the machine do not see them.
std::map<std::string, std::string> as_variables(const std::vector<std::string>& assignments) {
  std::map<std::string, std::string> variables;
  for (const std::string& assignment : assignments) {
    const auto equals = std::min(assignment.find('='), assignment.size() - 1);
    std::string name(environment_prefix);
    for (const char c : assignment.substr(0, equals)) {
      if (c == '.') {
        name += "__";
      } else {
        name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      }
    }
    variables[name] = assignment.substr(equals + 1);
  }
  return variables;
}

/// Whether nobody listens there: the wanted port, or with 0 any free one. Returns the port; 0 where it is taken. Whoever is
/// told of it binds it a moment later, and says so where somebody else was quicker.
std::uint16_t find_free_port(std::uint16_t wanted) {
  const Descriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  ::setsockopt(probe.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(wanted);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (::bind(probe.number(), generic, size) != 0 || ::getsockname(probe.number(), generic, &size) != 0) return 0;
  return ntohs(address.sin_port);
}

}  // namespace

ServiceProcesses::ServiceProcesses(const Configuration& configuration, const ConfigurationSources& sources,
                                   std::map<std::string, std::string> environment)
    : supervisor_({.name_width = name_width,
                   .on_failed = [this](const std::string& module, const std::string& why) { failed(module, why); }},
                  Clock::system()) {
  environment.merge(as_variables(sources.assignments));
  for_each_field<ModulesSection>([&](const auto& module) {
    if ((configuration.modules.*module.member).placement == Placement::local) return;
    supervisor_.start(std::string(module.name), service_command(sources, module.name), environment);
  });
}

void ServiceProcesses::failed(const std::string& module, const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    // One signal stops this process in order; a second one would end it at once.
    if (!failure_.empty()) return;
    failure_ = "The service of " + module + " cannot run: " + why;
  }
  ::kill(::getpid(), SIGTERM);
}

std::string ServiceProcesses::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

Result<void> place_apart(std::vector<std::string>& assignments, const std::vector<std::string>& modules) {
  std::string names;
  for_each_field<ModulesSection>([&](const auto& module) { names += (names.empty() ? "" : ", ") + std::string(module.name); });
  const config::Key keys{"modules", {}, json::Type::object, config::keys_of<ModulesSection>()};
  for (const std::string& name : modules) {
    if (keys.find(name) == nullptr) {
      return fail(config::errors::invalid, "There is no module " + name + "; there are " + names + ".");
    }
  }
  const ModulesSection usual;
  for_each_field<ModulesSection>([&](const auto& module) {
    const std::string section = "modules." + std::string(module.name);
    const std::uint16_t usual_port = parse_url(section, (usual.*module.member).url).value().port;
    const std::uint16_t free_port = find_free_port(usual_port);
    const std::uint16_t port = free_port != 0 ? free_port : find_free_port(0);
    assignments.push_back(section + ".url=http://127.0.0.1:" + std::to_string(port));
    const bool is_apart = modules.empty() || std::find(modules.begin(), modules.end(), module.name) != modules.end();
    if (is_apart) assignments.push_back(section + ".placement=remote");
  });
  return {};
}

}  // namespace seamline::app
