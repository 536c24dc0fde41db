"""Small programs in the languages whose main class, script or module names a group."""

import subprocess

from support.requirements import need_tool

# Each prints "up" and then waits for the end of its standard input.
SCRIPTS = {
    "worker.py": "import sys\nprint('up', flush=True)\nsys.stdin.read()\n",
    "server.js": "console.log('up')\nprocess.stdin.resume()\n",
    "sidekiq.rb": "puts 'up'\n$stdout.flush\n$stdin.read\n",
    "report.pl": "$| = 1;\nprint \"up\\n\";\n<STDIN>;\n",
    "queue.php": "<?php\necho \"up\\n\";\nfgets(STDIN);\n",
}

JAVA = """
public class Waiter {
  public static void main(String[] arguments) throws Exception {
    System.out.println("up");
    while (System.in.read() >= 0) continue;
  }
}
"""


def write_scripts(directory):
    for name, code in SCRIPTS.items():
        (directory / name).write_text(code)
    return directory


def build_java(directory):
    """Returns the path of Waiter.class; waiter.jar lies beside it."""
    need_tool("java")
    javac, jar = need_tool("javac"), need_tool("jar")
    (directory / "Waiter.java").write_text(JAVA)
    subprocess.run([javac, "-d", directory, directory / "Waiter.java"], check=True)
    subprocess.run([jar, "--create", "--file", directory / "waiter.jar", "--main-class", "Waiter",
                    "-C", directory, "Waiter.class"], check=True)
    return directory / "Waiter.class"
