#pragma once

#include <string>
#include <string_view>

#include "contract/catalog.hpp"

/// The handshake between hosts: a service says at `GET /contract` what it offers, and a host that is about to call it or to hear
/// its events checks that this is all that it was built with. More is fine: members, operations and events are only added.
namespace seamline::http {

inline constexpr std::string_view contract_path = "/contract";

inline constexpr ErrorCode contract_mismatch{"call.contract_mismatch", Kind::unavailable};

/// `{"module":"order","version":"0.1.0","operations":["order.place",…],"events":["seamline.order.OrderCreated.v1",…]}`, each list
/// in the order of the contract. `version` is that of the program that serves it, for people.
std::string contract_document(const ContractDescriptor& contract, std::string_view version);

/// Whether `text`, a contract document, is of the wanted module and offers at least what `wanted` lists.
/// Errors: call.contract_mismatch, naming what is missing; not retryable.
Result<void> check_contract(std::string_view text, const ContractDescriptor& wanted);

}  // namespace seamline::http
