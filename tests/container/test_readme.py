"""deploy/container/README.md agrees with itself and with what is beside it."""

import re

import yaml

import readme


def test_compose_is_what_the_command_is():
    text, = re.findall(r"^```yaml\n(.*?)^```$", readme.TEXT, re.M | re.S)
    service, = yaml.safe_load(text)["services"].values()
    options = readme.run_options()

    def given(name):
        return [option.partition("=")[2] for option in options if option.startswith(f"--{name}=")]

    assert service["cap_add"] == given("cap-add") and service["cap_drop"] == given("cap-drop")
    assert service["pid"] == "host" and "--pid=host" in options
    assert service["read_only"] is True and "--read-only" in options
    assert [re.sub(":true$", "", option).replace(":", "=")
            for option in service["security_opt"]] == given("security-opt")
    assert service["volumes"][:3] == given("volume")
    # A command takes the place of the image's own.
    default, = re.findall(r"^CMD (\[.*\])$", (readme.CONTAINER / "Containerfile").read_text(), re.M)
    assert service["command"][:3] == yaml.safe_load(default)
    for flag in yaml.safe_load(default):
        assert readme.TEXT.count(flag) >= 3, flag


def test_its_links_lead_somewhere():
    for link in re.findall(r"\]\((?!http)([^)#]+)", readme.TEXT):
        assert (readme.CONTAINER / link).exists(), link


def test_the_least_is_given():
    options = readme.run_options()
    assert {"--cap-drop=ALL", "--read-only", "--security-opt=no-new-privileges"} <= set(options)
    assert "--privileged" not in options
    volumes = [option for option in options if option.startswith("--volume=")]
    assert volumes and all(re.search(r":ro(,|$)", volume) for volume in volumes)
