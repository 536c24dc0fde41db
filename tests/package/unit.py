"""The settings of the systemd unit and of the drop-in that comes with it, as they stand: nothing of
them is repeated in the tests."""

import re

from built import UNIT

DROP_IN = UNIT.parent / "bpf.conf"
# In tenths, as systemd-analyze takes it; README.md states the figures.
HIGHEST_EXPOSURE = 22
HIGHEST_EXPOSURE_WITH_BPF = 23


def setting(name, text=None):
    """Every value of a setting, in order."""
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text() if text is None else text, re.M)


def words(name, text=None):
    value, = setting(name, text)
    return value.split()


def capabilities_with_bpf():
    """Of the unit and the drop-in."""
    return words("AmbientCapabilities") + words("AmbientCapabilities", DROP_IN.read_text())


def as_setpriv(capabilities):
    """Its options that leave these capabilities, and none that could be gained."""
    listed = ",".join("+" + name.removeprefix("CAP_").lower() for name in capabilities)
    return [f"--{kind}=-all,{listed}" for kind in ("inh-caps", "ambient-caps", "bounding-set")] + [
        "--no-new-privs"]
