"""A Version as a CycloneDX 1.6 bill of materials: what is installed, with hashes."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote

import msgspec

from mlenv_jupyter._version import __version__
from mlenv_jupyter.core import identity
from mlenv_jupyter.core.errors import Conflict
from mlenv_jupyter.core.lock import LockedPackage
from mlenv_jupyter.formats.written import Subject

_NAMESPACE = uuid.UUID("6f0cf7f5-0a43-4a6c-9d8f-0f1c3c5f3a11")


def files(what: Subject) -> dict[str, str]:
    """The bill of what a version resolved to here. Raises Conflict where it is not locked.

    The same version gives the same text: there is no time in it, and its serial number is made
    of what is in it.
    """
    if what.packages is None:
        raise Conflict(
            f"{what.name or 'It'} is not locked, so nobody knows what is in it.",
            code="not_locked",
            where="format",
            remedy="Build it first.",
        )
    root = f"mlenv:{what.name or 'environment'}"
    digest = identity.digest(what.definition)
    packages = sorted(what.packages, key=lambda one: (one.name, one.version))
    names = {one.name for one in packages}
    needs: dict[str, set[str]] = {one.name: set() for one in packages}
    for one in packages:
        for other in one.required_by:
            if other in needs:
                needs[other].add(one.name)
    refs = {one.name: _purl(one) for one in packages}
    direct = [one.name for one in packages if one.direct or not set(one.required_by) & names]
    bill: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "tools": {
                "components": [
                    {"type": "application", "name": "mlenv-jupyter", "version": __version__}
                ]
            },
            "component": {
                "type": "platform",
                "bom-ref": root,
                "name": what.name or "environment",
                **({"version": what.version} if what.version else {}),
                "properties": [
                    {"name": "mlenv:digest", "value": digest},
                    *(
                        [{"name": "mlenv:python", "value": what.definition.python}]
                        if what.definition.python
                        else []
                    ),
                ],
            },
        },
        "components": [_component(one, refs[one.name]) for one in packages],
        "dependencies": [
            {"ref": root, "dependsOn": sorted({refs[one] for one in direct})},
            *(
                {"ref": refs[one.name], "dependsOn": sorted(refs[it] for it in needs[one.name])}
                for one in packages
            ),
        ],
    }
    made = msgspec.json.encode(bill)
    bill["serialNumber"] = f"urn:uuid:{uuid.uuid5(_NAMESPACE, made.decode())}"
    text = msgspec.json.format(msgspec.json.encode(bill), indent=2).decode() + "\n"
    return {f"{what.name or 'environment'}.cdx.json": text}


def _component(one: LockedPackage, purl: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": one.name,
        "version": one.version,
        "purl": purl,
    }
    # What comes from a repository is known by its commit, which is no SHA-256.
    if len(one.sha256) == 64:
        made["hashes"] = [{"alg": "SHA-256", "content": one.sha256}]
    made["properties"] = [
        {"name": "mlenv:file", "value": one.filename},
        {"name": "mlenv:direct", "value": "true" if one.direct else "false"},
    ]
    return made


def _purl(one: LockedPackage) -> str:
    kind = "conda" if one.filename.endswith((".conda", ".tar.bz2")) else "pypi"
    return f"pkg:{kind}/{quote(one.name, safe='')}@{quote(one.version, safe='')}"
