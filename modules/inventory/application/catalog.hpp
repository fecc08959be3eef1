#pragma once

#include "inventory/operations.hpp"
#include "storage/inventory_repository.hpp"
#include "store/store.hpp"

namespace seamline::inventory {

/// The shop's products and their stock: what staff and customers ask for. Errors are those of each operation's contract.
class Catalog {
 public:
  /// Both exist and outlive it.
  Catalog(store::Store& store, const InventoryRepository& repository) : store_(store), repository_(repository) {}

  Result<Product> add(const CallContext& context, const AddProduct& operation);
  Result<Product> restock(const CallContext& context, const Restock& operation);
  Result<Product> get(const GetProduct& operation);
  Result<ProductPage> list(const ListProducts& operation);
  Result<Quotes> quote(const Quote& operation);

 private:
  store::Store& store_;
  const InventoryRepository& repository_;
};

}  // namespace seamline::inventory
