"""The image's recipe makes a bot that answers, as the user that it names, from files that nobody may change."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.slack import FakeSlack
from tests.generated import ROOT
from tests.recipe import DOCKERFILE, Image, carried_out, context, files, for_whoever_runs_this
from tests.running import Bot
from tests.slack_reader import Reader

PATIENCE = 60.0


@pytest.fixture(scope="module")
def sources() -> Iterator[Path]:
    """What the recipe is given, in a folder that its user may enter."""
    with tempfile.TemporaryDirectory(prefix="briefbot-image-") as folder:
        Path(folder).chmod(0o755)
        yield context(Path(folder) / "context")


@pytest.fixture(scope="module")
def image(sources: Path) -> Iterator[Image]:
    """The image; only its volumes may be written to, also by root."""
    made = carried_out(for_whoever_runs_this(DOCKERFILE.read_text()), sources, sources.parent)
    subprocess.run(["chmod", "-R", "a-w", str(made.folder / "opt")], check=True)
    yield made
    subprocess.run(["chmod", "-R", "u+w", str(made.folder)], check=True)


@pytest.mark.soak
def test_the_image_answers_from_a_pipe_as_the_user_that_it_names(
    image: Image, record_property: Callable[[str, object], None]
) -> None:
    process = image.start()
    uid = Path(f"/proc/{process.pid}").stat().st_uid
    out, err = process.communicate("/company Tencent\n", PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert out.startswith("Tencent · 腾讯\n")
    assert uid != 0
    record_property("the image's recipe was carried out for user", uid)


@pytest.mark.soak
def test_the_image_serves_slack_with_nothing_but_its_volume_to_write_to(image: Image) -> None:
    before = set(files(image.folder / "opt"))
    with FakeSlack() as slack:
        bot = Bot(
            image.start(SLACK_BOT_TOKEN=slack.bot_token, SLACK_APP_TOKEN=slack.app_token, SLACK_API_URL=slack.api_url)
        )
        bot.until(lambda: slack.connections >= 2 and bot.logged("connected to Slack"), PATIENCE)
        assert "Tencent · 腾讯" in Reader(slack).ask("/company", "Tencent").shown
        assert image.check() == 0
        assert bot.end() == 0
        assert image.check() != 0
        assert slack.objections == []
    assert set(files(image.folder / "opt")) == before
    kept = image.path("/data/briefbot.db").stat()
    assert (kept.st_uid, kept.st_mode & 0o777) == ((image.user or (0, 0))[0], 0o600)


@pytest.mark.soak
def test_the_image_holds_what_is_locked_and_no_tools(image: Image) -> None:
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "deploy/requirements.lock").read_text(), re.MULTILINE))
    code = "from importlib.metadata import distributions as d; print(*(x.name for x in d()))"
    python = image.path("/opt/briefbot/bin/python")
    ran = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    names = {re.sub(r"[-_.]+", "-", name).lower() for name in ran.stdout.split()}
    assert names <= locked | {"briefbot"}
    assert {"briefbot", "slack-bolt", "discord-py", "psycopg-binary", "tzdata"} <= names
    assert not (image.folder / "src").exists()


@pytest.mark.soak
def test_a_library_that_is_not_the_one_that_was_locked_is_not_installed(sources: Path, tmp_path: Path) -> None:
    changed = shutil.copytree(sources, tmp_path / "context")
    lock = changed / "deploy/requirements.lock"
    before, cronsim, after = lock.read_text().partition("\ncronsim==")
    lock.write_text(
        before + cronsim + re.sub(r"sha256:(\w)", lambda m: f"sha256:{'0' if m[1] != '0' else '1'}", after, count=2)
    )
    with pytest.raises(subprocess.CalledProcessError) as failed:
        carried_out(for_whoever_runs_this(DOCKERFILE.read_text()), changed, tmp_path)
    assert "requirements.lock" in failed.value.cmd[-1]


def wheel(folder: Path, umask: int, changed: int) -> Path:
    """Builds the wheel from a fresh copy of what the image is made of, of some age and with some rights."""
    source = context(folder / "context")
    for path in source.rglob("*"):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~umask)
        os.utime(path, (changed, changed))
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    command: list[str | Path] = [sys.executable, "-m", "pip", "wheel", *options, folder, source]
    subprocess.run(command, check=True, umask=umask)
    (made,) = folder.glob("*.whl")
    return made


def test_two_builds_of_the_wheel_are_the_same_to_the_byte_and_hold_all_of_the_program(tmp_path: Path) -> None:
    one, other = wheel(tmp_path / "one", 0o022, 1_700_000_000), wheel(tmp_path / "other", 0o077, 1_790_000_000)
    assert one.read_bytes() == other.read_bytes()
    packed = {name for name in zipfile.ZipFile(one).namelist() if ".dist-info/" not in name}
    source = tmp_path / "one/context"
    program = (path for floor in ("bot", "briefings", "knowledge") for path in (source / floor).rglob("*"))
    assert packed == {str(path.relative_to(source)) for path in program if path.is_file()}
