# Writes the migrations as a table in C++: cmake -DROOT=… -DOUTPUT=… -P embed_migrations.cmake
file(GLOB_RECURSE files RELATIVE ${ROOT}/migrations ${ROOT}/migrations/*.sql)
list(SORT files)
set(rows "")
foreach(file IN LISTS files)
  if(NOT file MATCHES "^([a-z]+)/([0-9][0-9][0-9][0-9])_([a-z0-9_]+)\\.sql$")
    message(FATAL_ERROR "migrations/${file}: the name must be <owner>/NNNN_what_it_does.sql")
  endif()
  set(owner ${CMAKE_MATCH_1})
  set(name ${CMAKE_MATCH_3})
  string(REGEX REPLACE "^0+" "" version ${CMAKE_MATCH_2})  # and no CMAKE_MATCH is left
  file(READ ${ROOT}/migrations/${file} sql)
  string(APPEND rows "    {\"${owner}\", ${version}, \"${name}\", R\"migration(${sql})migration\"},\n")
endforeach()
file(WRITE ${OUTPUT}.new "#include \"store/migrations.hpp\"

namespace seamline::store {
namespace {
constexpr Migration migrations[] = {
${rows}};
}  // namespace

std::span<const Migration> all_migrations() { return migrations; }

}  // namespace seamline::store
")
file(COPY_FILE ${OUTPUT}.new ${OUTPUT} ONLY_IF_DIFFERENT)
