// One call to a module that runs elsewhere, with all that belongs to it: seam, encoding, context, transport, connection pool,
// server, routes, decoding.
// remote_call serve: listens on a free loopback port, prints it, and answers until its input ends.
// remote_call call URL COUNT: prints the median and the 99th percentile of so many calls, in microseconds.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "seam/seam.hpp"
#include "support/notes.hpp"
#include "support/over_http.hpp"

namespace {

using namespace seamline;

class Notes final : public Overrides<test::NoteContract, Notes> {
 public:
  template <Operation Op>
  Result<typename Op::Reply> run(const CallContext&, const Op& operation) {
    return test::Note{operation.note_id, operation.number};
  }
};

int serve() {
  Notes notes;
  const RouteTable routes(routes_of<test::NoteContract>(notes));
  const auto server = http::Server::start({}, [&](const http::Request& request) {
                        return test::answer_as_service(routes, request, Clock::system());
                      }).value();
  std::printf("http://127.0.0.1:%d\n", static_cast<int>(server->port()));
  std::fflush(stdout);
  std::string ignored;
  while (std::getline(std::cin, ignored)) {
  }
  return 0;
}

int call(const std::string& url, int count) {
  http::FixedEndpoint endpoint(url);
  http::RemoteTransport transport(endpoint, Clock::system(), {});
  Proxy<test::NoteContract> proxy(transport);
  seam::Seam<test::NoteContract> seam("bench", proxy);
  CallContext context;
  context.request_id = "01a20d45-6f88-7000-9d3a-2dcfa322a635";
  context.caller = {Role::user, "01a20d45-6f88-7000-9d3a-2dcfa322a635"};
  std::vector<std::int64_t> took_ns;
  for (int i = -count / 10; i < count; ++i) {
    const Instant begin = Clock::system().monotonic();
    context.deadline = begin.plus_ms(10'000);
    if (!seam.call(context, test::CopyNote{{"01a20d45-6f88-7000-9d3a-2dcfa322a635"}, i})) return 1;
    if (i >= 0) took_ns.push_back(Clock::system().monotonic().ns - begin.ns);
  }
  std::sort(took_ns.begin(), took_ns.end());
  const auto at = [&](std::size_t percent) { return static_cast<double>(took_ns[took_ns.size() * percent / 100]) / 1000; };
  std::printf("%.2f %.2f\n", at(50), at(99));
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 4 && std::string(arguments[1]) == "call") return call(arguments[2], std::stoi(arguments[3]));
  return serve();
}
