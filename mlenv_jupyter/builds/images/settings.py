"""What a workspace says about images; goes to the worker with the build."""

from __future__ import annotations

import msgspec


class ImageSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``registry`` is ``HOST[:PORT][/PATH]``; ``username`` and ``password`` are its references.

    ``base`` is the image of a definition that names none; ``network`` is what the steps of a build
    run in, None to choose it by where the package index is.
    """

    base: str | None = None
    network: str | None = None
    registry: str | None = None
    username: str | None = None
    password: str | None = None
    push: bool = False
