"""What is written for a builder: layers that stay, no secret, nothing that a shell would expand."""

from __future__ import annotations

from mlenv_jupyter.builds.images.builder import secrets_of
from mlenv_jupyter.builds.images.dockerfile import BIG, MOST, Group, Recipe, context, grouped
from mlenv_jupyter.builds.images.probe import platform_tags
from mlenv_jupyter.core.lock import LockedPackage


def package(name: str, size: int = 1000, version: str = "1") -> tuple[LockedPackage, str]:
    made = LockedPackage(name=name, version=version, sha256="0" * 64, filename="x", size=size)
    return made, f"{name}=={version} --hash=sha256:{'0' * 64}"


def recipe(**changed: object) -> Recipe:
    values = {
        "title": "churn 3",
        "digest": "d" * 64,
        "lock_digest": "e" * 64,
        "base": "mlenv/base:1",
        "python": "/usr/bin/python3",
        "python_version": "3.11.2",
        "groups": (Group(("six==1 --hash=sha256:00",)),),
    }
    return Recipe(**{**values, **changed})


def test_big_packages_are_layers_of_their_own() -> None:
    layers = grouped([package("a"), package("torch", BIG), package("z")])
    assert [[line.partition("=")[0] for line in group] for group in layers] == [
        ["torch"],
        ["a", "z"],
    ]


def test_one_more_package_is_one_more_layer() -> None:
    before = grouped([package("b"), package("torch", BIG)])
    after = grouped([package("a"), package("b"), package("torch", BIG)], [before])
    assert after[: len(before)] == before
    assert after[len(before) :] == ((package("a")[1],),)


def test_a_changed_package_goes_no_further_back_than_its_layer() -> None:
    before = grouped([package("b"), package("c"), package("torch", BIG)])
    after = grouped([package("b", version="2"), package("c"), package("torch", BIG)], [before])
    assert after[0] == before[0]
    assert set(after[1]) == {package("b", version="2")[1], package("c")[1]}


def test_what_was_removed_is_in_no_layer_that_is_taken_over() -> None:
    before = grouped([package("a"), package("b")])
    assert grouped([package("b")], [before]) == ((package("b")[1],),)


def test_layers_do_not_add_up_for_ever() -> None:
    groups: tuple[tuple[str, ...], ...] = ()
    packages = []
    for number in range(MOST + 5):
        packages.append(package(f"p{number:02}"))
        groups = grouped(packages, [groups] if groups else [])
        assert len(groups) <= MOST
    assert sorted(line for group in groups for line in group) == sorted(one[1] for one in packages)


def test_the_kernel_is_the_last_layer() -> None:
    files = context(recipe(), ["ipykernel==7 --hash=sha256:00"])
    steps = [line for line in files["Dockerfile"].splitlines() if line and line[0] not in "# "]
    assert steps[-2:] == ["FROM environment", "COPY --from=kernel /made/kernel /opt/mlenv/kernel"]
    assert files["kernel.txt"] == "ipykernel==7 --hash=sha256:00\n"


def test_the_user_of_the_base_comes_back() -> None:
    assert context(recipe(user="jovyan"))["Dockerfile"].splitlines()[-1] == "USER jovyan"


def test_labels_cannot_break_out() -> None:
    text = context(recipe(labels={"mlenv.name": 'x" $HOME\nRUN evil'}))["Dockerfile"]
    assert text.splitlines()[-1] == r'LABEL mlenv.name="x\" \$HOME RUN evil"'


def test_the_classic_builder_has_no_mounts() -> None:
    text = context(recipe(buildkit=False, certificates=True))["Dockerfile"]
    assert "--mount" not in text
    assert "COPY uv /opt/mlenv/tools/uv" in text


def test_secrets_that_a_dockerfile_mounts() -> None:
    text = (
        "RUN --mount=type=secret,id=TOKEN,target=/x \\\n"
        "    --mount=type=secret,target=/run/secrets/OTHER --mount=type=cache,id=no true"
    )
    assert secrets_of(text) == {"TOKEN", "OTHER"}


def test_platform_tags_are_those_of_packaging() -> None:
    import platform

    from packaging.tags import platform_tags as of_this_machine

    libc = " ".join(platform.libc_ver())
    if libc.startswith("glibc"):
        own = {one for one in of_this_machine() if one.endswith(platform.machine())}
        assert set(platform_tags(libc, platform.machine())) == own
    assert platform_tags("", "aarch64")[0] == "musllinux_1_2_aarch64"
