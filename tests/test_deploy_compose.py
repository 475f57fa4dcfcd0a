"""A new operator follows deploy/README.md with Docker Compose, and moves from SQLite to PostgreSQL with a back-up.

No engine is needed: `docker compose run` and `up` start the program of this checkout with the settings that compose.yaml
gives to a service, its volumes being folders. What the image holds, and as whom it runs, test_deploy_image.py tries.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.databases import PostgreSql
from tests.fakes.slack import FakeSlack
from tests.recipe import checkout
from tests.running import Bot, free_port
from tests.slack_reader import Reader
from tests.test_deploy import services
from tests.test_deploy_operator import section
from tests.test_deploy_readme import GUIDE

BIN = Path(sys.executable).parent
DOWN = "docker compose --profile sqlite down"
SUDO = '#!/bin/sh\nexec "$@"\n'
DOCKER = """#!/bin/sh
case "$*" in
"compose build" | "compose logs "*) exit 0 ;;
"compose run --rm -T "*) ;;
*) exit 64 ;;
esac
service=$5
shift 5
exec env -i $(cat {folder}/$service.env) {bin}/briefbot "$@"
"""


class Engine:
    """Is a machine with compose, on which somebody types what the guide says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clone = checkout(folder / "clone")
        (folder / "bin").mkdir()
        for name, text in (("sudo", SUDO), ("docker", DOCKER.format(folder=folder, bin=BIN))):
            (folder / "bin" / name).write_text(text)
            (folder / "bin" / name).chmod(0o755)
        self.bots: dict[str, Bot] = {}
        self.health = {name: f"127.0.0.1:{free_port()}" for name in services(image="briefbot:")}

    def types(self, block: str, stdin: str = "") -> str:
        """Runs a block in the clone as it is shown, all in one shell; what starts or ends bots is done here."""
        done = ""
        for line in re.split(rf"(?m)^(docker compose up.*|{DOWN})$", block):
            if line.startswith("docker compose up"):
                self.starts(re.findall(r"COMPOSE_PROFILES=(\w+)", block)[-1])
            elif line == DOWN:
                self.ends()
            else:
                self.settle()
                done += self._ran(line, stdin)
        return done

    def _ran(self, lines: str, stdin: str) -> str:
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        health = next((self.health[name] for name in self.bots), "127.0.0.1:9")
        here = lines.replace("127.0.0.1:9090", health)
        owned = here if os.geteuid() == 0 else here.replace("-o 65532 ", "")
        ran = subprocess.run(
            ["sh", "-euc", owned],
            cwd=self.clone, env=os.environ | {"PATH": path}, input=stdin, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, f"{lines}\n{ran.stdout}{ran.stderr}"
        return ran.stdout

    def settle(self) -> None:
        """Writes down the environment of each service, as compose would give it now."""
        common = self.clone / "deploy/settings.env"
        written = (
            [line for line in common.read_text().splitlines() if re.match("[A-Z]", line)] if common.exists() else []
        )
        for name, one in services(image="briefbot:").items():
            given = [f"{key}={value}" for key, value in one["environment"].items() if "LISTEN" not in key]
            listening = [f"BRIEFBOT_HEALTH_LISTEN={self.health[name]}", f"BRIEFBOT_DATA_DIR={self.folder / name}"]
            text = "\n".join([*written, *given, *listening, "PYTHONSAFEPATH=1"])
            text = text.replace("/run/secrets", str(self.clone / "deploy/secrets"))
            (self.folder / f"{name}.env").write_text(f"{text}\n")

    def starts(self, profile: str) -> None:
        self.settle()
        for name, one in services(image="briefbot:").items():
            if profile in one["profiles"]:
                env = dict(line.split("=", 1) for line in (self.folder / f"{name}.env").read_text().splitlines())
                self.bots[name] = Bot(
                    subprocess.Popen(
                        [BIN / "briefbot", "run"], env=env, text=True, stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                    )
                )  # fmt: skip

    def ends(self) -> None:
        assert [bot.end() for bot in self.bots.values()] == [0] * len(self.bots)
        self.bots.clear()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = Engine(tmp_path)
    with ExitStack() as stack:
        yield made
        for bot in made.bots.values():
            stack.callback(bot.process.kill)


@pytest.mark.soak(minutes=2)
def test_a_new_operator_brings_up_a_bot_with_compose_and_moves_it_to_replicas_on_postgresql(
    engine: Engine, on_postgresql: PostgreSql
) -> None:
    files, start = section("One server, with Docker Compose")
    replicas, *_ = section("Several replicas")
    backup, restore, *_ = section("Back-up and restore")
    program, other = (re.findall(r"(?m)^briefbot\(\) .*$", block)[0] for block in (start, replicas))
    with FakeSlack() as slack:
        copy, folder, *tokens = files.splitlines()
        engine.types(f"{copy}\n{folder}")
        for line, token in zip(tokens, (slack.bot_token, slack.app_token), strict=True):
            engine.types(line, f"{token}\n")
        settings = engine.clone / "deploy/settings.env"
        text = re.sub(r"(?m)^#(SLACK_(BOT|APP)_TOKEN_FILE=)", r"\1", settings.read_text())
        settings.write_text(re.sub(r"(?m)^#(SLACK_API_URL=).*$", rf"\1{slack.api_url}", text))

        looked = engine.types(start)
        assert "slack" in looked.lower()
        answers(engine, slack)
        engine.types(f"{program}\n{backup}")
        assert f"`{DOWN}`" in GUIDE
        engine.types(DOWN)

        secrets, up = replicas.split("docker compose build\n")
        engine.types(secrets)
        url = engine.clone / "deploy/secrets/database_url"
        password = (engine.clone / "deploy/postgres/password").read_text().strip()
        assert url.read_text() == f"postgresql://briefbot:{password}@postgres/briefbot\n"
        assert len(password) == 48
        url.write_text(on_postgresql.ready())
        put_back = re.findall(r"(?m)^briefbot restore .*$", restore)[0].replace("--force ", "")
        assert "The database is that of" in engine.types(f"{other}\n{put_back}")
        engine.types(f"export COMPOSE_PROFILES=postgres\n{other}\n{up}")
        answers(engine, slack)
        assert sorted(engine.bots) == ["briefbot-0", "briefbot-1"]
        engine.ends()
        assert slack.objections == []


def answers(engine: Engine, slack: FakeSlack) -> None:
    """Waits for all bots, and asks them."""
    for bot in engine.bots.values():
        bot.until(lambda bot=bot: bot.logged("connected to Slack"), 90)  # type: ignore[misc]
    assert "Tencent · 腾讯" in Reader(slack).ask("/company", "Tencent").shown
