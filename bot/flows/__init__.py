"""The bot's actions, one file each: a file in this folder that holds a flow is found by itself."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from bot.dialogue.flow import Flow


def all_flows() -> Mapping[str, Flow]:
    """Return every flow of this folder by its name."""
    modules = [import_module(f"{__name__}.{each.name}") for each in iter_modules(__path__)]
    flows = [each for module in modules for each in vars(module).values() if isinstance(each, Flow)]
    return MappingProxyType({each.name: each for each in flows})
