"""Reads words by a declared command, as docker's users type them.

Short options combine (``-it``), take their value attached, after ``=`` or as the next word
(``-m256M``, ``-m=256M``, ``-m 256M``); long ones after ``=`` or as the next word; switches may be
turned off (``--init=false``). ``--`` ends the options.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cloche_cli.usage import HelpWanted, UsageError, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cloche_cli.declare import Command, Option

    C = TypeVar("C", bound=Command)

__all__ = ["parse"]

_SWITCH = {"true": True, "1": True, "false": False, "0": False}


def parse(
    command: type[C],
    words: Iterable[str],
    known: Mapping[str, object] | None = None,
    *,
    path: Sequence[str] | None = None,
) -> C:
    """Read ``words``; raises UsageError for what the command does not take, or HelpWanted.

    ``known`` are values of options that were read before, in front of the command's name;
    ``path`` are the words that lead to it, where that is not its ``verb``.
    """
    reader = _Reader(command, dict(known or {}), (command.verb,) if path is None else path)
    separated, arguments = reader.read(iter(words))
    reader.place(arguments)
    return command(reader.values, separated=separated)


class _Reader:
    def __init__(
        self, command: type[Command], values: dict[str, object], path: Sequence[str]
    ) -> None:
        self.command = command
        self.values = values
        self.path = tuple(path)
        self.called = " ".join(path) or command.verb

    def read(self, words: Iterator[str]) -> tuple[bool, list[str]]:
        """Read the options; returns whether ``--`` stood in front, and the arguments."""
        arguments: list[str] = []
        for word in words:
            if word == "--":
                return not arguments, [*arguments, *words]
            if word.startswith("--"):
                self._long(word, words)
            elif word.startswith("-") and word != "-":
                self._short(word, words)
            elif self.command.ends_at_argument:
                return False, [word, *words]
            else:
                arguments.append(word)
        return False, arguments

    def place(self, arguments: list[str]) -> None:
        """Give each argument to the field that its place belongs to."""
        for field in self.command.arguments:
            if field.required and not arguments:
                what = str(field.value).rstrip(".")
                raise UsageError(f"{self.called}: {what} is missing")
            if field.many:
                self.values[field.name], arguments = arguments, []
            elif arguments:
                self.values[field.name], *arguments = arguments
        if arguments:
            raise UsageError(f"{self.called}: unexpected argument: {arguments[0]}")

    def _long(self, word: str, words: Iterator[str]) -> None:
        name, equals, value = word.partition("=")
        option = self._option(name)
        if option.value is None:
            self._set(option, _switch(name, value) if equals else True)
        else:
            self._set(option, value if equals else _next(name, words))

    def _short(self, word: str, words: Iterator[str]) -> None:
        """Read the letters of one word: switches, up to the first that takes a value."""
        for position, letter in enumerate(word[1:], start=2):
            name, attached = "-" + letter, word[position:]
            option = self._option(name)
            if option.value is not None:
                return self._set(option, attached.removeprefix("=") or _next(name, words))
            if attached.startswith("="):
                return self._set(option, _switch(name, attached[1:]))
            self._set(option, True)
        return None

    def _option(self, name: str) -> Option[object]:
        option = self.command.options.get(name)
        if option is not None:
            return option
        if name in {"-h", "--help"}:
            raise HelpWanted(self.path)
        raise _unknown(self.command, self.called, name)

    def _set(self, option: Option[object], value: object) -> None:
        if option.many:
            values = self.values.setdefault(option.name, [])
            assert isinstance(values, list)
            values.append(value)
        else:
            self.values[option.name] = value


def _next(name: str, words: Iterator[str]) -> str:
    for word in words:
        return word
    raise UsageError(f"{name} needs a value")


def _switch(name: str, value: str) -> bool:
    if value.lower() in _SWITCH:
        return _SWITCH[value.lower()]
    raise UsageError(f"{name}: true or false, not {value}")


def _unknown(command: type[Command], called: str, name: str) -> UsageError:
    from cloche_cli import later

    refusal = later.option(name, runs=command.ends_at_argument)
    return refusal or unknown(f"option of {called}", name, command.options)
