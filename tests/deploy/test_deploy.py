"""What people deploy: files that parse, rules that Prometheus takes and that fire, and only metrics that there are."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import tomllib
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from support.machine.processes import processes
from support.net.ports import free_port
from support.suite.patience import PATIENCE_S
from support.suite.require import require

from formant_net.cli import SUBCOMMANDS
from formant_net.ops.service import Service
from formant_net.protocol.steering import Health
from formant_net.server.health.metrics import METRICS, BoxView, ServerView, render

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
ALERTS = DEPLOY / "prometheus/alerts.yml"
DASHBOARDS = sorted((DEPLOY / "grafana/dashboards").glob("*.json"))
METRIC = re.compile(r"\bformant_(?!metrics_token)\w+")


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def expressions() -> list[str]:
    panels = [panel for path in DASHBOARDS for panel in json.loads(path.read_text("utf-8"))["panels"]]
    shown = [target["expr"] for panel in panels for target in panel["targets"]]
    return [*shown, *(rule["expr"] for rule in rules())]


def promtool(*arguments: str | Path) -> str:
    require("promtool")
    done = subprocess.run(
        ["promtool", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_metric_of_a_rule_or_a_dashboard_is_one_that_the_server_tells() -> None:
    named = {name for expression in expressions() for name in METRIC.findall(expression)}
    assert named - {metric.name for metric in METRICS} == set()
    assert len(named) > 20


def test_counters_are_read_as_rates_and_gauges_are_not() -> None:
    kinds = {metric.name: metric.kind for metric in METRICS}
    for expression in expressions():
        for before, name in re.findall(r"(rate\(|increase\()?(formant_\w+)", expression):
            assert (kinds[name] == "counter") == bool(before), expression


def test_prometheus_takes_its_files() -> None:
    assert f"{len(rules())} rules found" in promtool("check", "rules", ALERTS)
    promtool("check", "config", "--syntax-only", DEPLOY / "prometheus/prometheus.yml")


def test_every_alert_is_in_the_documentation_and_says_what_to_do() -> None:
    page = (ROOT / "docs/install/health.md").read_text("utf-8")
    table = re.findall(r"^\| `(\w+)` \|", page[page.index("## Alerts") :], re.M)
    assert table == [rule["alert"] for rule in rules()]
    assert all(rule["annotations"]["remedy"] for rule in rules())


BAD = {
    "BoxAway": "formant_box_up{{{}}} 0",
    "PowerBad": "formant_box_undervoltage{{{}}} 1",
    "Hot": "formant_box_temperature_celsius{{{}}} 79",
    "HeldBack": 'formant_box_throttled{{{},cause="thermal"}} 1',
    "Busy": "formant_box_render_busy_ratio{{{}}} 0.9",
    "NoSound": "formant_box_audible{{{}}} 0",
    "NotAsSet": "formant_box_settings_pending{{{}}} 1",
    "WifiWeak": "formant_box_wifi_signal_dbm{{{}}} -80",
    "WifiSleeps": "formant_box_wifi_power_save{{{}}} 1",
    "StateLost": "formant_box_state_writable{{{}}} 0",
    "SoundBreaks": "formant_box_underflows_total{{{}}} 0+1x60",
}
"""A series that has to raise each alert; steps are of 15 s."""
WELL = (
    'formant_box_up{box="b"} 1',
    'formant_box_undervoltage{box="b"} 0',
    'formant_box_temperature_celsius{box="b"} 70',
    'formant_box_throttled{box="b",cause="thermal"} 0',
    'formant_box_render_busy_ratio{box="b"} 0.5',
    'formant_box_audible{box="b"} 1',
    'formant_box_settings_pending{box="b"} 0',
    'formant_box_wifi_signal_dbm{box="b"} -60',
    'formant_box_wifi_power_save{box="b"} 0',
    'formant_box_state_writable{box="b"} 1',
    'up{job="formant"} 1',
)
COUNTED = ("underflows", "overruns", "shed_voices", "ring_dropped")


def test_each_alert_fires_when_it_should_and_none_when_all_is_well(tmp_path: Path) -> None:
    """By promtool's own test of rules, one group of series for each alert."""

    def series(line: str) -> dict[str, str]:
        name, _, value = line.rpartition(" ")
        return {"series": name, "values": value if "x" in value else f"{value}x60"}

    def group(name: str, lines: list[str]) -> dict[str, Any]:
        counted = [
            f'formant_box_{each}_total{{box="b"}} 0'
            for each in COUNTED
            if not any(f"_{each}_" in line for line in lines)
        ]
        expected = [
            {
                "eval_time": "12m",
                "alertname": rule["alert"],
                "exp_alerts": [
                    {"exp_labels": {**rule["labels"], **({"job": "formant"} if name == "ServerDown" else {"box": "b"})}}
                ]
                if rule["alert"] == name
                else [],
            }
            for rule in rules()
        ]
        return {
            "name": name,
            "interval": "15s",
            "input_series": [series(line) for line in [*lines, *counted]],
            "alert_rule_test": expected,
        }

    def instead(line: str) -> list[str]:
        """All is well, but for this series."""
        metric = re.split(r"[{ ]", line)[0]
        return [*(each for each in WELL if re.split(r"[{ ]", each)[0] != metric), line]

    bad = {name: line.format('box="b"') for name, line in BAD.items()} | {"ServerDown": 'up{job="formant"} 0'}
    assert set(bad) == {rule["alert"] for rule in rules()}
    groups = [group("well", list(WELL)), *(group(name, instead(line)) for name, line in bad.items())]
    # Texts of annotations are not compared: promtool wants them whole, so they are left out of the rules here.
    plain = yaml.safe_load(ALERTS.read_text("utf-8"))
    for rule in plain["groups"][0]["rules"]:
        del rule["annotations"]
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump(plain))
    (tmp_path / "tests.yml").write_text(yaml.safe_dump({"rule_files": ["alerts.yml"], "tests": groups}))
    promtool("test", "rules", tmp_path / "tests.yml")


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.name)
def test_a_dashboard_is_whole(path: Path) -> None:
    dashboard = json.loads(path.read_text("utf-8"))
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    provisioned = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yaml").read_text("utf-8"))
    (source,) = provisioned["datasources"]
    for panel in panels:
        assert panel["title"]
        for target in panel["targets"]:
            assert target["datasource"] == {"type": "prometheus", "uid": source["uid"]}
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        others = [each["gridPos"] for each in panels if each is not panel]
        assert not any(_overlap(place, other) for other in others), panel["title"]


def _overlap(a: dict[str, int], b: dict[str, int]) -> bool:
    return (
        a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]
    )


def test_expressions_are_promql_by_prometheus_own_parser(tmp_path: Path) -> None:
    """As recording rules, because promtool checks those without a running Prometheus."""
    group = {"name": "shown", "rules": [{"record": f"x:{n}", "expr": each} for n, each in enumerate(expressions())]}
    (tmp_path / "shown.yml").write_text(yaml.safe_dump({"groups": [group]}))
    promtool("check", "rules", tmp_path / "shown.yml")


def test_the_compose_file_names_files_secrets_volumes_and_commands_that_there_are() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    services = compose["services"]
    assert {"server", "edge", "nats", "prometheus", "grafana"} == set(services)
    for name, service in services.items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            there = (DEPLOY / source).exists() if source.startswith(".") else source in compose["volumes"]
            assert there, f"{name}: {source}"
        assert {secret["source"] for secret in service.get("secrets", [])} <= set(compose["secrets"])
        if "build" in service:
            build = service["build"]
            assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()
            assert service["command"][0] in SUBCOMMANDS
        variables = re.findall(r"\$\{(\w+)", json.dumps(service))
        example = (DEPLOY / "env.example").read_text("utf-8")
        assert all(f"\n{variable}=" in f"\n{example}" for variable in variables)
    token = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text("utf-8"))
    (scrape,) = token["scrape_configs"]
    assert scrape["authorization"]["credentials_file"] == "/run/secrets/formant_metrics_token"


SPECIFIED = {
    "": "name services secrets volumes networks configs include",
    "services": "build cap_add cap_drop command configs depends_on devices deploy entrypoint env_file environment "
    "expose extra_hosts healthcheck hostname image init labels logging network_mode networks pid ports privileged "
    "profiles pull_policy read_only restart secrets security_opt stop_grace_period stop_signal sysctls tmpfs ulimits "
    "user volumes working_dir",
    "build": "context dockerfile dockerfile_inline args target secrets labels platforms no_cache",
    "secrets": "source target uid gid mode",
}
"""Keys of Compose files that we may use (the Compose Specification, github.com/compose-spec/compose-spec)."""


def test_the_compose_file_has_no_option_that_compose_does_not_know() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    known = {place: set(keys.split()) for place, keys in SPECIFIED.items()}
    assert {key for key in compose if not key.startswith("x-")} <= known[""]
    for service in compose["services"].values():
        assert set(service) <= known["services"]
        assert set(service.get("build", {})) <= known["build"]
        assert all(set(secret) <= known["secrets"] for secret in service.get("secrets", []))
        assert "network_mode" not in service or "ports" not in service, "ports of the host's network are open anyway"


def test_programs_that_do_not_run_as_root_may_read_their_secrets() -> None:
    """Of a secret from the environment some versions of Compose make a file of mode 0400 that belongs to root."""
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    secrets = [secret for service in services.values() for secret in service.get("secrets", [])]
    assert [secret["mode"] for secret in secrets] == [0o444]


def test_prometheus_grafana_and_the_server_find_each_other() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    (scrape,) = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text("utf-8"))["scrape_configs"]
    assert scrape["static_configs"] == [{"targets": ["host.docker.internal:8080"]}], (
        "the server is on the host's network"
    )
    assert services["prometheus"]["extra_hosts"] == ["host.docker.internal:host-gateway"]
    assert services["server"]["network_mode"] == "host"
    (source,) = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yaml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    (provider,) = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/formant.yaml").read_text())["providers"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in services["grafana"]["volumes"]


def test_a_dashboard_groups_and_names_by_labels_that_there_are() -> None:
    server = ServerView("0.1.0", "3.13", 0.0, 60.0, clients={"synth": 1}, errors={"bad-key": 1})
    health = Health(version="0.1.0", uptime_s=1.0, throttled=[])
    text = render(server, [BoxView("synth-a", up=True, health=health, because=())])
    samples = [sample for metric in text_string_to_metric_families(text) for sample in metric.samples]
    there = {label for sample in samples for label in sample.labels}
    panels = [panel for path in DASHBOARDS for panel in json.loads(path.read_text("utf-8"))["panels"]]
    shown = " ".join(target.get("legendFormat", "") for panel in panels for target in panel["targets"])
    grouped = {
        name for each in expressions() for names in re.findall(r"by \(([^)]*)\)", each) for name in names.split(", ")
    }
    assert grouped | set(re.findall(r"{{(\w+)}}", shown)) <= there
    assert len(grouped) > 5


def test_an_image_is_made_of_what_the_build_needs_and_of_no_secret() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    out = {line for line in lines if line and not line.startswith("#")}
    assert {"deploy/.env", ".git", ".venv"} <= out
    needed = {"pyproject.toml", "CMakeLists.txt", "README.md", "LICENSE", "src", "packaging", "packaging/wasm"}
    assert all((ROOT / each).exists() for each in needed)
    assert not needed & out
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    (nats,) = [each for each in extras["edges"] if each.startswith("nats-py")]
    assert f'"{nats}"' in (DEPLOY / "container/edge.Dockerfile").read_text("utf-8")


@pytest.mark.parametrize("name", ["server", "edge"])
def test_a_container_copies_what_is_there_runs_as_nobody_and_starts_a_command(name: str) -> None:
    lines = (DEPLOY / f"container/{name}.Dockerfile").read_text("utf-8").splitlines()
    words = [line.split() for line in lines]
    assert ["USER", "formant-node"] in words
    (command,) = [json.loads(line.removeprefix("CMD ")) for line in lines if line.startswith("CMD ")]
    assert command[0] in SUBCOMMANDS
    port = command[command.index("--port") + 1] if "--port" in command else "8080"
    assert ["EXPOSE", port] in words
    assert f":{port}/healthz" in "\n".join(lines)


UNITS = {
    "formant-server": Service(
        ("/opt/formant/bin/formant-node", "server", "--metrics"), user=False, description="Formant server", sound=False
    ),
    "formant-synth": Service(
        ("/opt/formant/bin/formant-node", "synth", "--search"), user=False, description="Formant synth"
    ),
}


@pytest.mark.parametrize("name", UNITS)
def test_the_units_are_those_that_install_service_writes(name: str) -> None:
    assert (DEPLOY / f"systemd/{name}.service").read_text("utf-8") == UNITS[name].unit()


@pytest.mark.long
def test_prometheus_with_these_files_reads_a_server_by_its_token_alone(tmp_path: Path) -> None:
    """The program itself. In the compose file it runs in a container: its target and the file of its token differ."""
    require("prometheus")
    token = "0123456789abcdef"
    config = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text("utf-8"))
    (scrape,) = config["scrape_configs"]
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    with processes() as start:
        environment = {"FORMANT_METRICS_TOKEN": token, "FORMANT_KEY": "cantabile"}
        server = start("server", "--host", "127.0.0.1", "--port", "0", environment=environment)
        url = server.wait_for("Join:").split()[1]
        start("synth", url, "--id", "synth-1", "--audio", "none", "--voices", "1").wait_for("Ready")
        scrape["static_configs"] = [{"targets": [url.split("/")[2]]}]
        scrape["authorization"]["credentials_file"] = str(tmp_path / "token")
        (tmp_path / "token").write_text(f"{token}\n")
        shutil.copy(ALERTS, tmp_path)
        (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
        with watching(tmp_path) as ask:
            until(lambda: ask('formant_box_up{box="synth-1"} == 1'))
            assert ask('up{job="formant"} == 1')
            (tmp_path / "token").write_text("another token of 24 char\n")
            until(lambda: ask('up{job="formant"} == 0'))


@contextmanager
def watching(folder: Path) -> Iterator[Callable[[str], list[Any]]]:
    """Prometheus with this folder's configuration. Gives what answers a query, as a list of series."""
    port = free_port()
    options = ("--storage.tsdb.path", str(folder / "data"), "--web.listen-address", f"127.0.0.1:{port}")
    command = ["prometheus", "--config.file", str(folder / "prometheus.yml"), *options]
    program = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask(query: str) -> list[Any]:
        url = f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        with suppress(OSError), urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
            found: list[Any] = json.load(answer)["data"]["result"]
            return found
        return []

    try:
        yield ask
    finally:
        program.kill()
        program.wait()


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)
