"""Stories: what happens on a few hosts, and what must fire there. Many are told in one world, which costs
promtool no more than one of them."""

import pytest

from support.hosts import World
from support.promtool import failures, firing, ever_fired


class Scene:
    """The part of a world that one story has for itself: a cluster of its name."""

    def __init__(self, world, name):
        self.world, self.name = world, name
        self.hours = world.minutes / 60
        self.only = f', cluster="{name}"'

    def host(self, instance="db-1:10078", **labels):
        return self.world.host(instance, **{"cluster": self.name, **labels})

    def ever_fired(self, *alerts, only=""):
        """These alerts fire once or more, and no others."""
        return ever_fired(self.world, *alerts, only=self.only + only)

    def firing(self, minute, *alerts):
        """These alerts fire at that minute, and no others."""
        return firing(minute, *alerts, only=self.only)


class Stories:
    """Told together, if they are as long: each is a function of a Scene that returns what is expected."""

    def __init__(self):
        self.by_name, self.hours, self.objections = {}, {}, {}

    def __call__(self, hours):
        def note(story):
            self.by_name[story.__name__], self.hours[story.__name__] = story, hours
            return story
        return note

    def parameters(self):
        """For pytest: one test each, those that are told together in one process."""
        return [pytest.param(name, marks=pytest.mark.xdist_group(f"stories of {self.hours[name]} h"))
                for name in self.by_name]

    def check(self, name, directory):
        hours = self.hours[name]
        if hours not in self.objections:
            world = World(hours)
            names = [other for other in self.by_name if self.hours[other] == hours]
            expected = [one for other in names for one in self.by_name[other](Scene(world, other))]
            # A day is judged as often as the slow groups of rules are.
            self.objections[hours] = failures(directory, world, *expected, step="5m" if hours > 24 else "1m")
        wrong = [one for one in self.objections[hours] if f'cluster=\\"{name}\\"' in one or "expr: " not in one]
        if wrong:
            pytest.fail("\n".join(wrong), pytrace=False)
