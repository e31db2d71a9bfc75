"""The same commands as a Typer application: its help pages and its shell completion.

It is made only when one of them is asked for. Typer splits words in its own way (``-m=1g`` is
``=1g`` to it, the ``--`` of ``run`` is nothing), so what is run is always read by ``parse``.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand

from cloche_cli.declare import Argument, Command, Field, Group, Option, rest
from cloche_cli.main import Cloche

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    Place: TypeAlias = Option[object] | Argument[object]

__all__ = ["Page", "Shell", "application"]


class Page(Command):
    """Show a help page."""

    path = rest("COMMAND")

    def __call__(self) -> int:
        """Print the page of the command, or that of all."""
        return _ask([*self.path, "--help"])


class Shell(Command):
    """Answer a shell: what could stand here, or the script that makes it ask."""

    words = rest("WORD")

    def __call__(self) -> int:
        """Leave it to Typer, which finds the question in the environment."""
        return _ask(self.words)


class _Sections(TyperCommand):
    """A page whose options stand in sections; its usage is written as the command declares it."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [self.options_metavar or ""]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            if param.param_type_name == "option" and (row := param.get_help_record(ctx)):
                title = getattr(param, "rich_help_panel", None) or _EVERYWHERE
                sections.setdefault(title, []).append(row)
        for title, rows in sections.items():
            with formatter.section(title):
                formatter.write_dl(rows)


_NOT_TYPED: tuple[object, ...] = (None, False, [])
_EVERYWHERE = "Everywhere"
_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def application() -> typer.Typer:
    """Make the Typer application; its commands return what was typed and do nothing."""
    return _group(Cloche)


def _group(group: type[Group]) -> typer.Typer:
    app = typer.Typer(help=inspect.getdoc(group), rich_markup_mode=None, context_settings=_SETTINGS)
    app.callback()(_function(group, _options(group)))
    for name in group.commands:
        command = group.find(name)
        assert command is not None
        if issubclass(command, Group):
            app.add_typer(_group(command), name=name)
        else:
            _add(app, name, command)
    return app


def _add(app: typer.Typer, name: str, command: type[Command]) -> None:
    settings = {**_SETTINGS, "allow_interspersed_args": not command.ends_at_argument}
    fields: list[Place] = [*_options(command), *command.arguments]
    app.command(
        name,
        cls=_Sections,
        help=inspect.getdoc(command),
        options_metavar=" ".join(["[OPTIONS]", *(str(a.value) for a in command.arguments)]),
        context_settings=settings,
    )(_function(command, fields))


def _options(command: type[Command]) -> list[Option[object]]:
    """Each option once, whatever number of spellings it has."""
    return list(dict.fromkeys(command.options.values()))


def _function(command: type[Command], fields: Sequence[Place]) -> Callable[..., Command]:
    """Make the function that Typer wants: one with a parameter for each field."""

    def typed(**values: object) -> Command:
        return command({n: value for n, value in values.items() if value not in _NOT_TYPED})

    signature = inspect.Signature([_parameter(command, field) for field in fields])
    typed.__signature__ = signature  # type: ignore[attr-defined]
    return typed


def _parameter(command: type[Command], field: Place) -> inspect.Parameter:
    annotation: object = list[str] if field.many else str | None if field.value else bool
    if isinstance(field, Option):
        info = typer.Option(
            field.default,
            *field.names,
            metavar=field.value,
            help=field.help,
            show_default=False,
            rich_help_panel=_section(command, field),
            autocompletion=_completion(command, field),
        )
    else:
        info = typer.Argument(
            ... if field.required else None,
            metavar=field.value,
            show_default=False,
            autocompletion=_completion(command, field),
        )
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=info, annotation=annotation
    )


def _section(command: type[Command], field: Field[Any]) -> str:
    if field.owner is Command:
        return _EVERYWHERE
    return "Options" if field.owner is command else str(inspect.getdoc(field.owner))


def _completion(command: type[Command], field: Field[Any]) -> Callable[..., list[str]] | None:
    complete = field.complete
    if complete is None:
        return None

    def propose(ctx: Any, incomplete: str) -> list[str]:
        if command.ends_at_argument and ctx.params.get(field.name) and isinstance(field, Argument):
            return []  # what follows the first word is another program's
        root = ctx.params.get("root") or ctx.find_root().params.get("root")
        return [word for word in complete(root) if word.startswith(incomplete)]

    return propose


def _ask(words: Sequence[str]) -> int:
    application()(list(words), prog_name=Cloche.verb)
    return 0
