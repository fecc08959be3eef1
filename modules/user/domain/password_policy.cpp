#include "domain/password_policy.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace seamline::user {
namespace {

// In lower case.
constexpr std::array<std::string_view, 108> common_passwords{
    "00000000",   "0123456789",  "0987654321",    "1111111111", "11111111",    "11223344",   "12121212",   "123123123",
    "1234567890", "123456789",   "123456789a",    "12345678",   "12345678910", "123456abc",  "1234abcd",   "123abc456",
    "12341234",   "123qweasd",   "147258369",     "159753456",  "1q2w3e4r",    "1q2w3e4r5t", "1qaz2wsx",   "1qaz2wsx3edc",
    "20202020",   "22222222",    "31415926",      "33333333",   "55555555",    "66666666",   "77777777",   "87654321",
    "88888888",   "987654321",   "9876543210",    "99999999",   "a1234567",    "a12345678",  "a123456789", "aa123456",
    "aa12345678", "aaaaaaaa",    "abc12345",      "abcd1234",   "abcdefgh",    "abcdefghi",  "access14",   "adgjmptw",
    "admin123",   "admin1234",   "administrator", "alexander",  "asdasdasd",   "asdf1234",   "asdfasdf",   "asdfghjk",
    "asdfghjkl",  "babygirl",    "baseball",      "basketball", "butterfly",   "chocolate",  "computer",   "corvette",
    "dragon123",  "football",    "football1",     "hello123",   "iloveyou",    "iloveyou1",  "internet",   "jennifer",
    "jordan23",   "letmein1",    "letmein123",    "liverpool",  "maverick",    "mercedes",   "michelle",   "midnight",
    "monkey123",  "p@ssw0rd",    "p@ssword",      "pa55word",   "pass1234",    "passw0rd",   "password",   "password1",
    "password12", "password123", "password1234",  "princess",   "princess1",   "q1w2e3r4",   "q1w2e3r4t5", "qazwsxedc",
    "qwer1234",   "qwerty12",    "qwerty123",     "qwertyuiop", "starwars",    "sunshine",   "superman",   "trustno1",
    "welcome1",   "welcome123",  "whatever",      "zaq12wsx"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

bool is_easily_guessed(std::string_view password, std::string_view email) {
  const std::string wanted = lower(password);
  if (wanted == email || wanted == email.substr(0, email.find('@'))) return true;
  return std::find(common_passwords.begin(), common_passwords.end(), wanted) != common_passwords.end();
}

}  // namespace seamline::user
