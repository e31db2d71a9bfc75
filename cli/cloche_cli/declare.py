"""Command lines are declared once, as classes whose attributes are options and arguments.

``parse`` reads what was typed by such a class, ``pages`` makes the Typer command of it that gives
help and completion. Nothing here imports Typer: that alone takes longer than a container.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar, cast, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Self, TypeAlias

    from cloche import Engine

    #: Proposes values; it is told the ``--root`` that was typed.
    Complete: TypeAlias = Callable[[str | None], Iterable[str]]

__all__ = [
    "Argument",
    "Command",
    "Field",
    "Group",
    "Option",
    "argument",
    "flag",
    "many",
    "rest",
    "text",
]

T = TypeVar("T")


class Field(Generic[T]):
    """A place on a command line; read from a command it is the value typed there."""

    #: The attribute's name, and the class that declares it.
    name: str
    owner: type

    def __init__(
        self,
        default: T,
        value: str | None,
        help: str,
        *,
        many: bool = False,
        complete: Complete | None = None,
    ) -> None:
        self.default = default
        #: What stands for the value in help; None: there is no value, it is a switch.
        self.value = value
        self.help = help
        #: May be given several times; the value is a list.
        self.many = many
        self.complete = complete

    def __set_name__(self, owner: type, name: str) -> None:
        self.name, self.owner = name, owner

    @overload
    def __get__(self, command: None, owner: type) -> Self: ...
    @overload
    def __get__(self, command: object, owner: type) -> T: ...
    def __get__(self, command: object, owner: type) -> Self | T:
        if command is None:
            return self
        return cast(T, cast(Command, command).values.get(self.name, self.default))


class Option(Field[T]):
    """A field that is named on the command line."""

    names: tuple[str, ...] = ()


class Argument(Field[T]):
    """A field that is known by its place."""

    required = False


def flag(*names: str, help: str) -> Option[bool]:
    """Declare an option that is there or is not."""
    return _named(names, Option(False, None, help))


def text(
    *names: str,
    value: str,
    help: str,
    complete: Complete | None = None,
) -> Option[str | None]:
    """Declare an option with a value; of several the last one counts."""
    return _named(names, Option[str | None](None, value, help, complete=complete))


def many(
    *names: str,
    value: str,
    help: str,
    complete: Complete | None = None,
) -> Option[list[str]]:
    """Declare an option that may be given several times."""
    return _named(names, Option[list[str]]([], value, help, many=True, complete=complete))


def argument(
    value: str, *, required: bool = True, complete: Complete | None = None
) -> Argument[str]:
    """Declare an argument; empty if it is not ``required`` and was not typed."""
    field = Argument("", value, "", complete=complete)
    field.required = required
    return field


def rest(
    value: str, *, required: bool = False, complete: Complete | None = None
) -> Argument[list[str]]:
    """Declare that all further arguments go here; ``required``: there must be one."""
    field = Argument[list[str]]([], value, "", many=True, complete=complete)
    field.required = required
    return field


def _named(names: tuple[str, ...], option: Option[T]) -> Option[T]:
    option.names = names
    return option


class Command:
    """What was typed for one command, and what to do about it.

    The docstring of a subclass is its help page. Options may be declared in mixins: each is a
    section of the page, titled by the first line of its docstring.
    """

    verb: ClassVar[str]
    #: Options end at the first argument: what follows belongs to another program.
    ends_at_argument: ClassVar[bool] = False
    #: Options of its base classes that it does not have, by their attributes.
    without: ClassVar[frozenset[str]] = frozenset()
    #: Every option, by each of its spellings.
    options: ClassVar[Mapping[str, Option[object]]] = {}
    arguments: ClassVar[Sequence[Argument[object]]] = ()

    root = text("--root", value="DIR", help="Keep everything below DIR (or CLOCHE_ROOT).")
    debug = flag("--debug", help="Show where an error comes from.")

    def __init__(self, values: Mapping[str, object], *, separated: bool = False) -> None:
        self.values = values
        #: ``--`` stood in front of the first argument.
        self.separated = separated

    def __init_subclass__(cls) -> None:
        fields = [field for owner in cls.__mro__ for field in vars(owner).values()]
        cls.options = {
            n: field
            for field in fields
            if isinstance(field, Option) and field.name not in cls.without
            for n in field.names
        }
        cls.arguments = [field for field in fields if isinstance(field, Argument)]

    def engine(self) -> Engine:
        """Make the engine that this command works with."""
        import warnings

        from cloche import Engine
        from cloche_cli.errors import show_warning

        warnings.showwarning = show_warning
        return Engine(root=self.root)

    def __call__(self) -> int:
        """Do it; returns what the program exits with."""
        raise NotImplementedError


class Group(Command):
    """Commands under one word (``cloche image pull``); the docstring is the group's page.

    Where each of them is, is a text, so that only the one that was typed is imported. A command may
    stand in several groups, and be called differently in each.
    """

    ends_at_argument: ClassVar[bool] = True
    #: ``module:Class`` in this package, by name, in the order of the page.
    commands: ClassVar[Mapping[str, str]] = {}
    aliases: ClassVar[Mapping[str, str]] = {}

    words = rest("COMMAND")

    @classmethod
    def find(cls, name: str) -> type[Command] | None:
        """Import a command by its name or alias; None if there is none."""
        place = cls.commands.get(cls.aliases.get(name, name))
        if place is None:
            return None
        module, _, kind = place.partition(":")
        return cast(
            "type[Command]", getattr(__import__(f"cloche_cli.{module}", fromlist=[kind]), kind)
        )
