"""The code blocks of a Markdown file, and how each is run."""

import re
import shlex
import subprocess

from support.exporter import BINARY, REPOSITORY, Exporter, run
from support.requirements import need_tool
from support.waiting import DEADLINE_SECONDS
from support.web import address_of

# Shown, not run: output, and queries that the dashboards' own tests cover.
SHOWN = {"text", "promql"}
# What a user types first. They start what runs this test, so others check them; they must be there.
CHECKED_ELSEWHERE = ("./deploy/run.sh", "./tests/run.sh", ".ci/run")
CURL_WRITE_ERROR = 23
DEFAULT_ADDRESS = re.compile(r"(?:localhost|127\.0\.0\.1):10078")


def code_blocks(text):
    """[(language, code)] of the fenced blocks."""
    return re.findall(r"^```(\S*)\n(.*?)^```$", text, re.M | re.S)


def commands(language, code):
    """The commands of a block: every line of a script, what follows the prompts of a session."""
    lines = code.replace("\\\n", " ").splitlines()
    if language == "console":
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def run_command(command, url):
    """Runs one line as a reader would; the exporter at `url` stands for the one on port 10078."""
    words = shlex.split(command, comments=True)
    if words[0] == "sudo":
        words = words[1:]
    if words[0] in CHECKED_ELSEWHERE:
        assert (REPOSITORY / words[0]).stat().st_mode & 0o111, f"{words[0]} cannot be run"
    elif words[0] in ("curl", "promtool"):
        need_tool(words[0])
        here = DEFAULT_ADDRESS.sub("%s:%d" % address_of(url), command)
        # An error page is no success; a reader that has seen enough (`head`) is no failure.
        here = re.sub(r"\bcurl\b", "curl --fail", here) + "\nexit ${PIPESTATUS[0]}"
        result = subprocess.run(["bash", "-c", here], capture_output=True, text=True,
                                timeout=DEADLINE_SECONDS)
        assert result.returncode in (0, CURL_WRITE_ERROR), result
        assert result.stdout or "promtool" in command, f"{command} says nothing"
    elif words[0].rsplit("/")[-1] == "memleak_exporter":
        run_exporter(words[1:])
    else:
        raise AssertionError(f"README.md: nobody knows how to run `{command}`")


def run_exporter(arguments):
    ending = {"--help", "--version", "--list-collectors"}
    if ending & set(arguments):
        assert run(*arguments).returncode == 0
        return
    # A port of its own in place of the one that is shown.
    arguments = [word for word in arguments if not word.startswith("--web.listen-address")]
    exporter = Exporter(*arguments, binary=BINARY)
    try:
        exporter.scrape()
    finally:
        exporter.stop()


def run_yaml(code, directory):
    """A configuration of ours is started with, one of Prometheus is checked by promtool."""
    path = directory / "example.yml"
    path.write_text(code)
    if re.search(r"^scrape_configs:", code, re.M):
        result = subprocess.run([need_tool("promtool"), "check", "config", path],
                                capture_output=True, text=True, timeout=DEADLINE_SECONDS)
        assert result.returncode == 0, result
    else:
        run_exporter([f"--config.file={path}"])
