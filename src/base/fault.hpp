#pragma once

#ifdef SEAMLINE_FAULTS
#include <functional>
#include <string>
#include <string_view>
#endif

/// Named places at which a test makes a process die, and named mistakes that it makes the code commit. They exist in the fault
/// build alone (option SEAMLINE_FAULTS, preset `ci`); elsewhere both macros are nothing, and no name is left in the program.
///
/// SEAMLINE_CRASH_POINT(scope, point): here the process may die; `scope` says in which module, "" where none is known. Armed by
/// the environment, `SEAMLINE_CRASH_AT=order/before-commit:3`, it kills the process (SIGKILL) the third time that it gets there.
/// `SEAMLINE_CRASH_TRACE=FILE` appends the name of each crash point that is reached to a file, a line each time.
/// SEAMLINE_MISTAKE(name): true where the environment asks for this mistake, `SEAMLINE_MISTAKES=no-cursor,refund-twice:7`; with
/// a number on every seventh occasion, else on each. The right code is what runs where it is false.
#ifdef SEAMLINE_FAULTS
#define SEAMLINE_CRASH_POINT(scope, point) \
  (::seamline::fault::is_watched() ? ::seamline::fault::reach((scope), (point)) : static_cast<void>(0))
#define SEAMLINE_MISTAKE(name) (::seamline::fault::makes_mistakes() && ::seamline::fault::is_made(name))

namespace seamline::fault {

/// What happens at a crash point instead of what the environment says: how a simulation kills a process that is only simulated.
using CrashObserver = std::function<void(std::string_view scope, std::string_view point)>;

/// Replaces the observer; an empty one gives the word back to the environment. Not while other threads run.
void observe_crash_points(CrashObserver observer);
/// Sets the mistakes, as the environment would. Not while other threads run.
void make_mistakes(const std::string& mistakes);
/// What runs where the process would stop because it cannot keep its promise (stop_process): it throws, or ends the process.
/// Not while other threads run.
void observe_stop(std::function<void(const char* what_happened)> observer);

// What the macros and stop_process use. Thread-safe.
bool is_watched();
void reach(std::string_view scope, std::string_view point);
bool makes_mistakes();
bool is_made(std::string_view mistake);
void stopping(const char* what_happened);

}  // namespace seamline::fault
#else
#define SEAMLINE_CRASH_POINT(scope, point) static_cast<void>(0)
#define SEAMLINE_MISTAKE(name) false
#endif
