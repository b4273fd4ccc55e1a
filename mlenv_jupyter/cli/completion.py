"""``mlenv completion``: what a shell needs to complete verbs, options, names and versions."""

from __future__ import annotations

import click

from mlenv_jupyter.cli.output import emit
from mlenv_jupyter.cli.session import Session, verb

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_MLENV_COMPLETE"

# To bash a colon ends a word, so that click's own script never sees the name before a version.
# The words are taken from the line instead, and what stands there already is taken off the answers.
_BASH = """\
_mlenv_completion() {
    local line="${COMP_LINE:0:COMP_POINT}" IFS=$' \\t' words here answer kind value
    read -ra words <<< "$line"
    local count=${#words[@]}
    if [[ $line == *[[:space:]] ]]; then here=""; else here="${words[count-1]}"; ((count--)); fi
    local known=""
    [[ $here == *:* && $COMP_WORDBREAKS == *:* ]] && known="${here%"${here##*:}"}"
    COMPREPLY=()
    while IFS=, read -r kind value; do
        case $kind in
        dir) COMPREPLY=(); compopt -o dirnames ;;
        file) COMPREPLY=(); compopt -o default ;;
        plain) COMPREPLY+=("${value#"$known"}") ;;
        esac
    done < <(env COMP_WORDS="$line" COMP_CWORD="$count" _MLENV_COMPLETE=bash_complete "$1")
}
complete -o nosort -F _mlenv_completion mlenv
"""


@verb("completion")
@click.argument("shell", type=click.Choice(SHELLS))
def completion(session: Session, shell: str) -> None:
    """Print what has a SHELL complete verbs, options, names and versions.

    \b
    bash: echo 'eval "$(mlenv completion bash)"' >> ~/.bashrc
    zsh:  echo 'eval "$(mlenv completion zsh)"' >> ~/.zshrc
    fish: mlenv completion fish > ~/.config/fish/completions/mlenv.fish
    """
    text = _BASH if shell == "bash" else _of_click(shell)
    if session.json:
        emit({"shell": shell, "text": text})
    else:
        click.echo(text, nl=not text.endswith("\n"))


def _of_click(shell: str) -> str:
    from click.shell_completion import get_completion_class

    from mlenv_jupyter.cli.app import mlenv

    found = get_completion_class(shell)
    assert found is not None
    return str(found(mlenv, {}, "mlenv", VARIABLE).source())


COMMANDS = (completion,)
