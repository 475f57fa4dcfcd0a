"""A new operator follows deploy/README.md on one server: each command of it is run, in a folder that stands for `/`.

What a test cannot have is put in its place: `sudo` becomes whoever runs the test, or the service's user by its number,
and `systemctl` starts what the installed unit says, with the environment that it says.
"""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.slack import FakeSlack
from tests.recipe import SERVICE_USER, checkout, reachable_python
from tests.running import Bot, free_port
from tests.slack_reader import Reader
from tests.test_deploy_readme import GUIDE

PLACES = re.compile(r"(?<![\w./-])/(?=(?:opt|etc|var)/)")
START = "sudo systemctl start briefbot"
NOT_HERE = ("sudo useradd ", "sudo systemctl daemon-reload", "sudo journalctl ", "git pull")
AS_SERVICE = (
    f"setpriv --reuid {SERVICE_USER} --regid {SERVICE_USER} --clear-groups --inh-caps=-all --bounding-set=-all"
    if SERVICE_USER
    else "env"
)
SUDO = f"""#!/bin/sh
case "$1" in -u) shift 2; exec {AS_SERVICE} "$@";; esac
exec "$@"
"""


class Server:
    """Is a server on which somebody types what the guide says."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        for place in ("opt", "etc/systemd/system", "var/lib"):
            (self.root / place).mkdir(parents=True)
        self.clone = checkout(folder / "clone")
        _, self.around = reachable_python(folder)
        (folder / "bin/sudo").write_text(SUDO)
        (folder / "bin/sudo").chmod(0o755)
        self.env = os.environ | self.around | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
        self.service: Bot | None = None
        self.health = f"127.0.0.1:{free_port()}"

    def types(self, line: str, stdin: str = "") -> str:
        """Runs lines of the guide in the clone, and returns what they said."""
        if line.startswith(("sudo systemctl enable", START)):
            self.starts()
        elif line == "sudo systemctl stop briefbot":
            assert self.service
            assert self.service.end() == 0
        elif not line.startswith(NOT_HERE):
            return self._ran(self.here(line), stdin)
        return ""

    def _ran(self, line: str, stdin: str) -> str:
        ran = subprocess.run(
            ["sh", "-c", line], cwd=self.clone, env=self.env, input=stdin, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, f"{line}\n{ran.stdout}{ran.stderr}"
        return ran.stdout

    def here(self, text: str) -> str:
        """Returns a text with its places in the folder, and the service's user by number."""
        owned = re.sub(r"-([og]) briefbot\b", rf"-\1 {SERVICE_USER or os.geteuid()}", text)
        owned = owned if SERVICE_USER else re.sub(r"-o root |-g root ", "", owned)
        return PLACES.sub(f"{self.root}/", owned).replace("127.0.0.1:9090", self.health)

    def starts(self) -> None:
        unit = self.here((self.root / "etc/systemd/system/briefbot.service").read_text())
        given = dict(
            pair.split("=", 1)
            for line in re.findall(r"^Environment=(.*)$", unit, re.MULTILINE)
            for pair in line.split()
        )
        command = shlex.split(re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)[0])
        user = SERVICE_USER or None
        self.service = Bot(
            subprocess.Popen(
                command, env=self.around | {"HOME": self.here("/var/lib/briefbot")} | given, cwd="/", user=user, group=user,
                extra_groups=[] if user else None, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE, text=True,
            )
        )  # fmt: skip


def section(title: str) -> list[str]:
    """Returns the blocks of commands of a section of the guide."""
    (text,) = re.findall(rf"(?ms)^## {title}\n(.*?)(?=^## |\Z)", GUIDE)
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def server() -> Iterator[Server]:
    # Not in pytest's folder, which is closed to the service's user where the tests are run by root.
    folder = Path(subprocess.run(["mktemp", "-d"], capture_output=True, text=True, check=True).stdout.strip())
    folder.chmod(0o755)
    made = Server(folder)
    yield made
    if made.service:
        made.service.process.kill()
        made.service.process.wait()
    shutil.rmtree(folder)


@pytest.mark.soak
def test_a_new_operator_follows_the_guide_to_a_bot_that_answers_brings_it_back_from_a_backup_and_upgrades_it(
    server: Server,
) -> None:
    install, tokens, start = section("One server, with systemd")
    backup, restore, _ = section("Back-up and restore")
    program = start.splitlines()[0]
    assert program.startswith("briefbot() {")

    def follows(block: str) -> str:
        """Types a block line by line, as a person does; `briefbot` is known from where the guide says it."""
        lines = [line for line in block.splitlines() if line != program]
        return "".join(server.types(f"{program}\n{line}" if line.startswith("briefbot ") else line) for line in lines)

    with FakeSlack() as slack:
        follows(install)
        for line, token in zip(tokens.splitlines(), (slack.bot_token, slack.app_token), strict=True):
            server.types(line, f"{token}\n")
        config = server.root / "etc/briefbot/briefbot.yaml"
        text = re.sub(r"(?m)^#(slack_(bot|app)_token_file:)", r"\1", server.here(config.read_text()))
        text = re.sub(r"(?m)^#(health_listen:)", r"\1", text)
        config.write_text(re.sub(r"(?m)^#(slack_api_url): .*$", rf"\1: {slack.api_url}", text))
        looked = follows(start)
        assert "slack" in looked.lower()
        answers(server, slack)

        follows(backup)
        (server.root / "var/lib/briefbot/briefbot.db").stat()
        stop, put_back, again = restore.splitlines()
        server.types(stop)
        for file in (server.root / "var/lib/briefbot").glob("briefbot.db*"):
            file.unlink()
        follows(put_back)
        server.types(again)
        answers(server, slack)

        (upgrade, _) = section("Upgrade")
        follows(upgrade)
        answers(server, slack)
        server.types(stop)
        assert slack.objections == []
    kept = (server.root / "var/lib/briefbot/briefbot.db").stat()
    assert (kept.st_mode & 0o777, kept.st_uid) == (0o600, SERVICE_USER or os.geteuid())


def answers(server: Server, slack: FakeSlack) -> None:
    """Waits for the service, and asks it."""
    bot = server.service
    assert bot
    bot.until(lambda: slack.connections >= 2 and bot.logged("connected to Slack"), 90)
    assert "Tencent · 腾讯" in Reader(slack).ask("/company", "Tencent").shown
