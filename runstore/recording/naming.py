"""Names for runs that were given none: ids that don't collide, and names a person can say."""

import os
from collections.abc import Sequence

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"

_ADJECTIVES = """
able amber ancient apt arctic autumn azure balmy bold brave breezy bright brisk calm candid careful cheerful
classic clean clear clever cloudy comic copper coral cosmic crimson crisp curious dainty daring dashing dawn deep
devoted dewy distant divine dry dusty eager early earnest easy electric elegant ember fair faithful fancy fearless
fine firm fluent fresh frosty gallant gentle giddy glad gleaming glorious golden graceful grand gray green happy
hardy hearty helpful hidden honest hopeful humble icy ideal indigo jolly jovial keen kind lasting leafy light likely
lilac lively logical lucky lunar major mellow merry mild misty modest neat noble northern olive patient peachy pious
playful pleasant polar polished proud pure quick quiet radiant rare restful robust rosy royal ruby rural serene sharp
silent silver simple skilled sleek smooth snowy soft solar sparkling splendid spring stellar still sturdy summer sunny
swift tender tidy treasured tropical trusty upbeat vague valiant vibrant violet vivid warm wandering whole wild
winter wise wistful young zany zesty
"""

_NOUNS = """
acorn aspen aurora badger bamboo bay beach birch bird blaze bloom breeze brook bush butterfly canyon cedar cherry
cloud comet cosmos crane creek dawn deer delta dew dragon dream dune dust eagle elm ember energy etching falcon feather
fern field finch fire firefly fjord flame flower fog forest fountain fox frog frost galaxy gale garden glacier glade
glitter grass grove harbor haze heron hill horizon island jazz lagoon lake lantern lark leaf lily lion lynx maple
marsh meadow meteor microwave mist monkey moon morning moss mountain night nova oak ocean oracle orchid osprey otter
owl palm paper pebble pine planet plasma pond prairie puddle pyramid rain raven reef resonance ridge river robin rock
sea serenity shadow shape sky smoke snow snowflake sound spaceship sparrow spruce star stream sun sunset surf swan
terrain thunder tree valley violet vortex voice water waterfall wave wildflower willow wind wood yogurt zephyr
"""


def generate_id(length: int = 8) -> str:
    """A random name of digits and small letters; with eight, 210,000 of them collide with a chance of about 1 %."""
    random = int.from_bytes(os.urandom(length + 8))  # Eight bytes more than the digits need: none is likelier.
    return "".join(_DIGITS[random // len(_DIGITS) ** place % len(_DIGITS)] for place in range(length))


def generate_name(number: int) -> str:
    """A name like `earnest-sunset-12`. Not unique: two runs may come to the same."""
    return f"{_choose(_ADJECTIVES.split())}-{_choose(_NOUNS.split())}-{number}"


def _choose(words: Sequence[str]) -> str:
    """One of the words, as the system's randomness has it; the `secrets` module would be imported for longer."""
    return words[int.from_bytes(os.urandom(8)) % len(words)]
