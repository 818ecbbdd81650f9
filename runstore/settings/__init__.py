"""Every setting in one typed room: what there is, where a value comes from, and which source wins.

Strongest first: an argument of `init`, `init(settings=)`, the environment (`RUNSTORE_<NAME>`, and where that is unset
or empty its twin `WANDB_<NAME>`), `settings:` in the store's own file, the default.
"""

from runstore.settings.fields import (
    PREFIXES,
    SETTINGS,
    SYNONYMS,
    VARIABLES,
    Console,
    Mode,
    Reinit,
    Resume,
    RunSettings,
    Spec,
    our_name,
    show,
)
from runstore.settings.kinds import split_tags
from runstore.settings.layers import (
    Settings,
    for_process,
    from_environment,
    gather,
    in_force,
    mistakes_in_store,
    named,
    override,
    remember,
)

__all__ = [
    "PREFIXES",
    "SETTINGS",
    "SYNONYMS",
    "VARIABLES",
    "Console",
    "Mode",
    "Reinit",
    "Resume",
    "RunSettings",
    "Settings",
    "Spec",
    "for_process",
    "from_environment",
    "gather",
    "in_force",
    "mistakes_in_store",
    "named",
    "our_name",
    "override",
    "remember",
    "show",
    "split_tags",
]
