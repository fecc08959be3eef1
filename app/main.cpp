#include "cli/command_line.hpp"

int main(int count, char** arguments) { return seamline::app::run_command_line(count, arguments); }
