"""Where a shop keeps its stores: in files of its data folder, or where its configuration says."""
from pathlib import Path
from typing import NamedTuple


class CannotRead(Exception):
    """The stores cannot be read, so that nothing is known about them."""


class Place(NamedTuple):
    """Where one module's store is. `kind`: sqlite, postgres or mongodb; `url`: of a server."""
    module: str
    kind: str
    url: str
    file: Path


def place_of(data_dir, module, config=None):
    """`config`: the keys that the shop was started with, by their names with dots. Only those of storage count."""
    config = config or {}
    return Place(module, config.get(f"storage.{module}.kind", "sqlite"), config.get(f"storage.{module}.url", ""),
                 Path(data_dir).absolute() / module / "0.db")


def is_on_servers(config):
    return any(name.startswith("storage.") for name in config or {})


def storage_flags(config):
    """What tells `seamline` of the same places."""
    return [word for name, value in (config or {}).items() if name.startswith("storage.") for word in ("--set", f"{name}={value}")]


def add_config_flags(parser):
    """`--set`, for those of this folder's programs that look at stores."""
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                        help="as the shop has it, for stores that are on a server: storage.order.kind=postgres")


def config_of(arguments):
    return dict(assignment.split("=", 1) for assignment in arguments.set)
