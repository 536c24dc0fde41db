"""The settings of the systemd unit, as it stands: nothing of it is repeated in the tests."""

import re

from built import UNIT

# In tenths, as systemd-analyze takes it; README.md states the figure.
HIGHEST_EXPOSURE = 22


def setting(name, text=None):
    """Every value of a setting, in order."""
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text() if text is None else text, re.M)


def words(name, text=None):
    value, = setting(name, text)
    return value.split()
