"""``fusewatch completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from fusewatch.cli.failures import Failure


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    r"""Print the script that completes commands and options.

    \b
    bash:  source <(fusewatch completion bash)
    zsh:   source <(fusewatch completion zsh)
    fish:  fusewatch completion fish | source
    """
    found = get_completion_class(shell)
    if found is None:
        raise Failure(f"there is no completion for {shell}")
    # The instance is built directly: asking bash for its version, as `source()` does, fails where bash is not installed.
    script = found(context.find_root().command, {}, "fusewatch", "_FUSEWATCH_COMPLETE")
    click.echo(script.source_template % script.source_vars())
