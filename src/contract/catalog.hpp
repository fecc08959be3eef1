#pragma once

#include <vector>

#include "contract/contract.hpp"
#include "contract/descriptor.hpp"

/// What a module offers and hears as plain data, for those who describe modules or compare them: AsyncAPI, the handshake
/// between hosts. All views are of what lives as long as the program.
namespace seamline {

struct EventDescriptor {
  EventType type;
  /// The topic of the contract that publishes it.
  std::string_view topic;
  const MessageDescriptor* body = nullptr;
};

/// `topic` is the publisher's.
template <Event E>
constexpr EventDescriptor describe_event(std::string_view topic) {
  return {E::type, topic, &descriptor_of<E>};
}

/// A contract: the names of its operations, and its events, in its order.
struct ContractDescriptor {
  std::string_view module;
  std::string_view topic;
  std::vector<std::string_view> operations;
  std::vector<EventDescriptor> events;
};

template <AContract C>
ContractDescriptor contract_of() {
  ContractDescriptor contract{C::module, C::topic, {}, {}};
  for_each_operation(typename C::operations{}, [&]<Operation Op>() { contract.operations.push_back(Op::name); });
  for_each_event(typename C::events{}, [&]<Event E>() { contract.events.push_back(describe_event<E>(C::topic)); });
  return contract;
}

/// A module: its contract, and the events of others that it hears.
struct ModuleDescriptor {
  ContractDescriptor contract;
  std::vector<EventDescriptor> hears;
};

}  // namespace seamline
