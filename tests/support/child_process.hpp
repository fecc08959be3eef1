#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace seamline::test {

/// How a piece of code ended that was run in a process of its own.
struct Ending {
  bool aborted = false;
  int status = -1;
};

/// Runs `body` in a fork, with standard error shut; a body that returns ends with status 0. Only where the test has no threads.
template <class Body>
Ending run_in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(nowhere, STDERR_FILENO);
    ::signal(SIGABRT, SIG_DFL);  // Catch's own handler would report a failed test
    body();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return {WTERMSIG(status) == SIGABRT, -1};
  return {false, WEXITSTATUS(status)};
}

}  // namespace seamline::test
