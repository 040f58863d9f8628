"""The compose file: well-formed, without a default password, and every command exists.

The schema beside this file is written for the keys that are used here. No process of Docker is
needed: commands are parsed by the programs that they start, and the small server is really run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
EXAMPLE = (ROOT / ".env.example").read_text("utf-8")
SECRETS = {
    "POSTGRES_PASSWORD",
    "AIRFLOW_ADMIN_PASSWORD",
    "AIRFLOW_JWT_SECRET",
    "AIRFLOW_SECRET_KEY",
    "AIRFLOW_FERNET_KEY",
}
AIRFLOW = ("api-server", "scheduler", "dag-processor", "triggerer")
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(:[-?])?([^}]*)\}")


def test_file_follows_the_schema() -> None:
    schema = yaml.safe_load((ROOT / "tests" / "unit" / "compose_schema.yml").read_text("utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    errors = [
        f"{error.json_path}: {error.message}"
        for error in jsonschema.Draft7Validator(schema).iter_errors(COMPOSE)
    ]
    assert errors == []


def test_every_part_of_the_house_is_a_service() -> None:
    assert {"postgres", "init", "releases", "sandbox", *AIRFLOW} == set(SERVICES)
    assert [name for name, each in SERVICES.items() if each.get("profiles")] == ["sandbox"]


def test_no_secret_has_a_default_and_compose_refuses_without_it() -> None:
    found = {name: operator for name, operator, _ in VARIABLE.findall(TEXT)}
    assert {name for name, operator in found.items() if operator == ":?"} == SECRETS
    assert set(found.values()) == {":?", ":-"}
    for name, operator, message in VARIABLE.findall(TEXT):
        assert operator != ":?" or ".env.example" in message, name
        assert operator != ":-" or not re.search("PASSWORD|SECRET|KEY|TOKEN", name), name


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_secret_is_written_down(name: str) -> None:
    for key, value in SERVICES[name].get("environment", {}).items():
        if re.search("PASSWORD$|SECRET|_KEY$", key):
            assert VARIABLE.fullmatch(value), key


def test_example_names_every_secret_and_gives_none() -> None:
    given = dict(re.findall(r"^(\w+)=(.*)$", EXAMPLE, re.M))
    assert set(given) == SECRETS
    assert not any(given.values())


def test_every_variable_is_explained_in_the_example() -> None:
    for name in {name for name, _, _ in VARIABLE.findall(TEXT)}:
        assert re.search(rf"^(# )?{name}=", EXAMPLE, re.M), name


def test_nothing_is_open_to_the_network_unless_asked() -> None:
    published = [port for each in SERVICES.values() for port in each.get("ports", [])]
    assert len(published) == 2
    assert all(port.startswith("${DESILO_BIND:-127.0.0.1}:") for port in published)


def test_the_open_server_knows_no_secret_and_cannot_write() -> None:
    server = SERVICES["releases"]
    assert "env_file" not in server and set(server["environment"]) == {"DESILO_RELEASES"}
    assert server["volumes"] == ["releases:/releases:ro"] and server["read_only"] is True


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_named_volumes_and_services_exist(name: str) -> None:
    service = SERVICES[name]
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        if re.fullmatch(r"[a-z]+", source):
            assert source in COMPOSE["volumes"], volume
    for other, wanted in service.get("depends_on", {}).items():
        assert other in SERVICES
        if wanted["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
    if "network_mode" in service:
        assert service["network_mode"].removeprefix("service:") in SERVICES


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"init"}))
def test_long_running_services_say_whether_they_are_well(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", AIRFLOW)
def test_airflow_services_share_secrets_and_wait_for_the_database(name: str) -> None:
    service = SERVICES[name]
    assert service["environment"] == SERVICES["api-server"]["environment"]
    assert service["depends_on"] == {"init": {"condition": "service_completed_successfully"}}
    assert SERVICES["init"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


@pytest.mark.parametrize("name", AIRFLOW)
def test_airflow_knows_every_command(name: str) -> None:
    from airflow.cli.cli_parser import get_parser

    parser = get_parser()
    command = SERVICES[name]["command"]
    assert command[0] == "airflow" and parser.parse_args(command[1:]).func
    check = SERVICES[name]["healthcheck"]["test"]
    if check[1] == "airflow":
        assert parser.parse_args(check[2:]).func


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_health_checks_in_python_are_python(name: str) -> None:
    check = SERVICES[name].get("healthcheck", {}).get("test", [])
    if check[1:2] == ["python"]:
        assert check[2] == "-c"
        compile(check[3], name, "exec")


def test_init_writes_down_who_may_log_in(tmp_path: Path) -> None:
    script = SERVICES["init"]["command"][-1].replace("$$", "$")
    lines = script.splitlines()
    assert lines[0] == "airflow db migrate"
    file = tmp_path / "passwords.json"
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "AIRFLOW_ADMIN_PASSWORD": 'it\'s "quoted"',
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(file),
    }
    subprocess.run(["sh", "-ec", "\n".join(lines[2:])], env=environment, check=True)
    assert file.read_text() == '{"admin": "it\'s \\"quoted\\""}\n'
    assert file.stat().st_mode & 0o077 == 0


@pytest.fixture
def release_server(tmp_path: Path) -> Iterator[str]:
    """The server of the releases by its own command, on a free port of this machine."""
    command = [sys.executable, *SERVICES["releases"]["command"][1:]]
    command[command.index("--port") + 1] = "0"
    command[command.index("--host") + 1] = "127.0.0.1"
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'plugins'}",
        "DESILO_RELEASES": str(tmp_path),
    }
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if found := re.search(r"running on (http://127\.0\.0\.1:\d+)", line):
                    yield found[1]
                    break
            else:
                pytest.fail("the server ended before it listened")
        finally:
            process.terminate()


def test_release_server_runs_and_its_health_check_passes(release_server: str) -> None:
    check = SERVICES["releases"]["healthcheck"]["test"][3]
    code = check.replace("http://127.0.0.1:8090", release_server)
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
    with urllib.request.urlopen(f"{release_server}/", timeout=10) as answer:
        assert "Nothing has been published yet" in answer.read().decode()


def test_sandbox_command_is_understood() -> None:
    command = SERVICES["sandbox"]["command"]
    assert command[:3] == ["python", "-m", "sandbox"]
    said = subprocess.run(
        [sys.executable, *command[1:4], "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    for option in (word for word in command if word.startswith("--")):
        assert option in said


def test_image_is_built_from_the_lock_and_runs_as_nobody_special() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert re.search(r"^FROM python:3\.11-slim$", dockerfile, re.M)
    assert "-r requirements.lock" in dockerfile
    assert dockerfile.rstrip().endswith("USER desilo")
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert {".env", ".git", ".venv", "var", "releases"} <= set(ignored)
