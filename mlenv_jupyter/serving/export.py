"""A service as files that need no mlenv: an image's context, Compose, Kubernetes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from mlenv_jupyter.core.errors import Conflict, InvalidRequest
from mlenv_jupyter.core.secret import secret_names
from mlenv_jupyter.serving.container import PORT, write_context

if TYPE_CHECKING:
    from mlenv_jupyter.core.service import Revision, Service
    from mlenv_jupyter.store.places import Places
    from mlenv_jupyter.store.store import BuiltImage, Record

KEYS = "/run/secrets/keys.json"
REFERENCE = re.compile(r"[a-z0-9][a-z0-9._/:@-]{0,254}")


def export_service(
    service: Service,
    revision: Revision,
    record: Record,
    image: BuiltImage,
    places: Places,
    target: Path,
    name: str | None,
) -> tuple[str, ...]:
    """Write the files into a new directory; their names. ``name`` is what the image will be called.

    No key and no secret is written. Raises InvalidRequest, Conflict where there is something.
    """
    reference = name or f"{_slug(service.name)}:{revision.number}"
    if not REFERENCE.fullmatch(reference):
        raise InvalidRequest(f"{reference[:80]!r} is no name of an image.", where="image")
    if target.exists() and any(target.iterdir()):
        raise Conflict(f"{target} is not empty.", where="target")
    context = target / "image"
    context.mkdir(parents=True)
    write_context(context, service.name, revision, record, image, places)
    variables = {**revision.definition.variables, **revision.variables}
    files = {
        "compose.yml": _dump(_compose(service, revision, reference, variables)),
        "kubernetes.yml": _dump(*_kubernetes(service, revision, reference, variables)),
        "README.md": _readme(service, revision, reference, image, variables),
    }
    for file, text in files.items():
        (target / file).write_text(text, encoding="utf-8")
    return (*files, "image/Dockerfile")


def _compose(
    service: Service, revision: Revision, image: str, variables: Mapping[str, str]
) -> dict[str, Any]:
    secret = _secret(variables)
    one: dict[str, Any] = {
        "image": image,
        "build": "./image",
        "ports": [f"127.0.0.1:{service.port}:{PORT}"],
        "restart": "unless-stopped",
        "stop_grace_period": "40s",
        "init": True,
        "environment": {
            # Compose reads $ itself; a secret is whoever starts it to give.
            key: f"${{{key}:?}}" if key in secret else value.replace("$", "$$")
            for key, value in variables.items()
        },
        **_compose_limits(revision),
    }
    made: dict[str, Any] = {"services": {_slug(service.name): one}}
    if revision.authenticated:
        one["environment"]["MLENV_SERVICE_KEYS_FILE"] = KEYS
        one["secrets"] = [{"source": "keys", "target": KEYS}]
        made["secrets"] = {"keys": {"file": "./keys.json"}}
    return made


def _compose_limits(revision: Revision) -> dict[str, Any]:
    limits = {}
    if cpus := revision.container.get("nano_cpus"):
        limits["cpus"] = cpus / 1e9
    if memory := revision.container.get("mem_limit"):
        limits["mem_limit"] = memory
    return limits


def _kubernetes(
    service: Service, revision: Revision, image: str, variables: Mapping[str, str]
) -> list[dict[str, Any]]:
    name = _slug(service.name)
    labels = {"app.kubernetes.io/name": name}
    secret = _secret(variables)
    env: list[dict[str, Any]] = [
        {"name": key, "valueFrom": {"secretKeyRef": {"name": f"{name}-variables", "key": key}}}
        if key in secret
        # Kubernetes reads $(NAME) itself.
        else {"name": key, "value": value.replace("$(", "$$(")}
        for key, value in variables.items()
    ]
    container: dict[str, Any] = {
        "name": "score",
        "image": image,
        "ports": [{"name": "http", "containerPort": PORT}],
        "env": env,
        "readinessProbe": _probe("/ready", 2),
        "livenessProbe": _probe("/", 10),
        # init() may take its time: until it is done nobody asks whether it lives.
        "startupProbe": {**_probe("/ready", 2), "failureThreshold": 60},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    limits: dict[str, str] = {}
    if cpus := revision.container.get("nano_cpus"):
        limits["cpu"] = f"{cpus // 1_000_000}m"
    if memory := revision.container.get("mem_limit"):
        limits["memory"] = _binary(str(memory))
    if limits:
        container["resources"] = {"limits": limits, "requests": limits}
    # Longer than the server takes to answer what it has.
    pod: dict[str, Any] = {"containers": [container], "terminationGracePeriodSeconds": 45}
    if revision.authenticated:
        env.append({"name": "MLENV_SERVICE_KEYS_FILE", "value": KEYS})
        container["volumeMounts"] = [
            {"name": "keys", "mountPath": KEYS.rpartition("/")[0], "readOnly": True}
        ]
        pod["volumes"] = [{"name": "keys", "secret": {"secretName": f"{name}-keys"}}]
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            # A new pod is ready before an old one is asked to end.
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
            },
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
    front = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": labels},
        "spec": {"selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
    }
    return [deployment, front]


def _probe(path: str, seconds: int) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": "http"}, "periodSeconds": seconds}


def _readme(
    service: Service,
    revision: Revision,
    reference: str,
    image: BuiltImage,
    variables: Mapping[str, str],
) -> str:
    name = _slug(service.name)
    lines = [
        f"# {service.name}",
        "",
        f"Revision {revision.number} in {revision.environment}:{revision.version}. "
        "Nothing here needs mlenv.",
        "",
        "```",
        f"docker build -t {reference} image      # from {image.tag}, which is in this engine",
        "docker compose up -d                    # or, after docker push:",
        "kubectl apply -f kubernetes.yml",
        "```",
    ]
    if revision.authenticated:
        lines += [
            "",
            'It asks for a key: write `["KEY", "KEY"]` to keys.json (for Kubernetes: '
            f"`kubectl create secret generic {name}-keys --from-file=keys.json`).",
        ]
    if secret := sorted(_secret(variables)):
        lines += [
            "",
            f"Variables whose values are secret, and are not here: {', '.join(secret)}. Set them "
            f"for Compose; for Kubernetes put them into the Secret {name}-variables.",
        ]
    return "\n".join(lines) + "\n"


def _secret(variables: Mapping[str, str]) -> set[str]:
    return {key for key, value in variables.items() if secret_names([value])}


def _binary(memory: str) -> str:
    """docker's size as Kubernetes writes it: its m is 2**20, theirs a thousandth."""
    units = {"b": "", "k": "Ki", "m": "Mi", "g": "Gi"}
    unit = units.get(memory[-1].lower())
    return memory if unit is None else memory[:-1] + unit


def _slug(name: str) -> str:
    """A name that DNS, Compose and an image may have."""
    made = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")[:50].strip("-")
    return made if made and made[0].isalpha() else f"service-{made}".strip("-")


def _dump(*documents: Any) -> str:
    return str(yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True, width=1000))
