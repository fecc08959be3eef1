#include "base/hash.hpp"

#include <thread>
#include <vector>

#include "support/catch.hpp"

using namespace seamline;

TEST_CASE("SHA-256 gives the digests of FIPS 180-4's examples") {
  CHECK(to_hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(to_hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(to_hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(to_hex(sha256(std::string(1'000'000, 'a'))) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("hexadecimal has two lower-case digits for each byte, zero and 255 included") {
  CHECK(to_hex(std::string_view("\x00\x0f\xff", 3)) == "000fff");
  CHECK(to_hex(std::string_view()).empty());
}

TEST_CASE("a digest's bytes are what a digest of digests is made of") {
  const Sha256 inner = sha256("abc");
  CHECK(as_bytes(inner).size() == 32);
  CHECK(to_hex(as_bytes(inner)) == to_hex(inner));
}

TEST_CASE("threads digest at once without disturbing each other") {
  const Sha256 expected = sha256("shared");
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 500; ++round) wrong[i] += sha256("shared") == expected ? 0 : 1;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4, 0));
}
