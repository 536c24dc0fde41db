"""again.py on real outcomes of pytest and xdist."""

import pathlib
import subprocess
import sys
import textwrap
import xml.etree.ElementTree as ElementTree

import pytest

AGAIN = pathlib.Path(__file__).with_name("again.py")


@pytest.fixture
def outcome(tmp_path):
    """Runs these tests beside each other and those that failed once more; returns again.py's exit code
    and {test: what became of it}. `once()` holds from its second call on."""
    def run(tests):
        (tmp_path / "test_some.py").write_text(textwrap.dedent("""
            import pathlib, pytest

            def once():
                seen = pathlib.Path(__file__).with_name("seen")
                seen.touch()
                seen.write_text(seen.read_text() + "x")
                assert len(seen.read_text()) > 1
        """) + textwrap.dedent(tests))
        junit = tmp_path / "junit.xml"
        pytest_command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        subprocess.run([*pytest_command, "-n", "2", "--dist", "loadgroup", f"--junitxml={junit}", "."],
                       cwd=tmp_path, stdout=subprocess.DEVNULL)
        code = subprocess.run([sys.executable, AGAIN, junit, "."], cwd=tmp_path,
                              capture_output=True).returncode
        return code, {case.get("name"): [part.tag for part in case]
                      for case in ElementTree.parse(junit).iter("testcase")}
    return run


@pytest.mark.parametrize("decorators, name", [
    ("", "test_it"),
    ("@pytest.mark.xdist_group('top-leak of it')", "test_it@top-leak of it"),
    ("@pytest.mark.parametrize('unit', ['a@b-c.service'])", "test_it[a@b-c.service]"),
    ("@pytest.mark.xdist_group('it')\n@pytest.mark.parametrize('unit', ['[a@b]'])", "test_it[[a@b]]@it"),
])
def test_what_passes_alone(outcome, decorators, name):
    argument = "unit" if "unit" in decorators else ""
    code, cases = outcome(f"{decorators}\ndef test_it({argument}):\n    once()\n\ndef test_well():\n    pass\n")
    assert code == 0
    assert cases == {name: ["alone"], "test_well": []}


def test_what_fails_again(outcome):
    code, cases = outcome("def test_it():\n    assert False\n")
    assert code != 0
    assert cases == {"test_it": ["failure"]}


def test_more_than_a_few(outcome):
    code, cases = outcome("""
        @pytest.mark.parametrize("number", range(4))
        def test_it(number):
            seen = pathlib.Path(__file__).with_name(f"seen-{number}")
            found = seen.exists()
            seen.touch()
            assert found
    """)
    assert code != 0
    assert list(cases.values()) == [["failure"]] * 4
