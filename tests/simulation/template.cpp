#include "template.hpp"

#include <fstream>
#include <stdexcept>

#include "inventory/contract.hpp"
#include "order/contract.hpp"
#include "payment/contract.hpp"
#include "support/manual_clock.hpp"
#include "user/contract.hpp"

namespace seamline::simulation {
namespace {

constexpr int customers = 6;

}  // namespace

Template::Template(std::filesystem::path data_dir) : data_dir_(std::move(data_dir)) {
  std::filesystem::remove_all(data_dir_);
  std::filesystem::create_directories(data_dir_);
  test::SimulatedDisk disk(1);
  make();
  stores_ = disk.image(data_dir_.string());
}

Template::Template(const Template& other, std::filesystem::path data_dir)
    : data_dir_(std::move(data_dir)), stores_(other.stores_), users_(other.users_) {
  std::filesystem::remove_all(data_dir_);
  std::filesystem::create_directories(data_dir_);
  std::filesystem::copy(other.data_dir_, data_dir_, std::filesystem::copy_options::recursive);
  // The audit looks at the machine's own disk for whether a store is in use, which it is: then it leaves all else to SQLite.
  for (const std::string_view module : module_names) std::ofstream(data_dir_ / module / "0.db-wal").flush();
}

void Template::make() {
  test::ManualClock clock;
  clock.jump_calendar_ms(SimulatedClock::epoch_ms - clock.now().ms - 3'600'000);
  SeededRandom random(1);
  ShopSettings settings;
  settings.user.password_memory_kib = 7'168;
  settings.user.password_passes = 1;
  settings.user.admin_password.text = "the first of them all";
  settings.host.data_dir = data_dir_;
  settings.host.threads = false;
  host::Host host(settings.host, clock, random);
  for (const host::ModuleSpec& module : settings.modules()) {
    if (auto added = host.add(module); !added) throw std::runtime_error(added.error().detail);
  }
  auto& user_port = host.port<user::UserContract>("template");
  auto& product_port = host.port<inventory::InventoryContract>("template");
  host.start();
  for (int i = 0; i < customers; ++i) {
    const auto user =
        user_port.call({}, user::RegisterUser{"customer-" + std::to_string(i) + "@example.org", {"long enough"}, "A"});
    users_.push_back(user.value().id.text);
  }
  CallContext admin;
  admin.caller.role = Role::admin;
  // Plenty of the first, little of the others. The last one is dear.
  const std::array<std::int64_t, 5> stock{100'000, 25, 12, 200, 1'000};
  for (std::size_t i = 0; i < stock.size(); ++i) {
    const std::string id = "p" + std::to_string(i);
    const std::int64_t price_minor = i == 4 ? 2'000'000'000 : 250 + static_cast<std::int64_t>(i);
    (void)product_port.call(admin, inventory::AddProduct{{id}, "A " + id, price_minor, "EUR", stock[i]}).value();
  }
  if (!host.run_until_quiet()) throw std::runtime_error("the template does not come to rest");
  host.stop();
}

Template::~Template() {
  std::error_code ignored;
  std::filesystem::remove_all(data_dir_, ignored);
}

}  // namespace seamline::simulation
