"""`ais completion`: the completion of verbs and options for a shell."""

from typing import Literal


def completion(shell: Literal["bash", "zsh", "fish"], /) -> int:
    """Print the completion for a shell; for bash: `source <(ops/ais completion bash)`.

    Parameters
    ----------
    shell
        Which shell.
    """
    # All verbs are imported to learn their options, which no other verb may pay for.
    from interfaces.cli.main import make_app

    print(make_app(None).generate_completion(prog_name="ais", shell=shell))
    return 0
