"""Makes the guard rails that the configuration names ready to be used."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from msgspec import structs
from yarl import URL

from vivavoce.engines.guards.classifier import open_classifier
from vivavoce.engines.guards.guard import Guard
from vivavoce.engines.guards.patterns import PatternScanner
from vivavoce.engines.guards.responder import GuardedResponder
from vivavoce.engines.guards.scanning import Scan, Scanner
from vivavoce.engines.guards.settings import COMMON, OWN, GuardrailConfig
from vivavoce.engines.guards.spelling import words_of
from vivavoce.engines.guards.topics import open_topic
from vivavoce.engines.guards.words import WordScanner, phrase_tree
from vivavoce.errors import ConfigError
from vivavoce.interfaces import Embedder, Engines

OpenEmbedder = Callable[[], AbstractAsyncContextManager[Embedder]]


class Guards:
    """The guard rails of a server."""

    def __init__(self, guards: Sequence[Guard], tasks: asyncio.TaskGroup) -> None:
        self._guards = guards
        self._tasks = tasks

    def stand_before(self, engines: Engines, model: str, key: str) -> Engines:
        """Return the engines of a session: its answers are checked by what holds for it.

        Args:
            engines: of the server.
            model: the name that the client asked for.
            key: the name of its key.
        """
        held_by = [guard for guard in self._guards if guard.holds_for(model, key)]
        if not held_by:
            return engines
        responder = GuardedResponder(engines.responder, engines.speak, held_by, self._start)
        return structs.replace(engines, responder=responder)

    def _start(self, judging: Coroutine[None, None, bool]) -> asyncio.Task[bool]:
        return self._tasks.create_task(judging)


@asynccontextmanager
async def open_guards(
    configs: Sequence[GuardrailConfig],
    environment: Mapping[str, str],
    open_embedder: OpenEmbedder,
) -> AsyncGenerator[Guards, None]:
    """Open all guard rails; close them at the end of the block.

    Args:
        configs: what the operator wants.
        environment: where keys may lie.
        open_embedder: opens the model for topics; called only if there are such.

    Raises:
        ConfigError: a setting is missing, belongs to another kind, or can't be used.
        EngineError: the model for topics can't be had.
    """
    check_guardrails(configs)
    try:
        async with AsyncExitStack() as stack:
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            guards = [
                await _open(config, environment, stack)
                for config in configs
                if config.kind != "topics"
            ]
            topics = [config for config in configs if config.kind == "topics"]
            if topics:
                embedder = await stack.enter_async_context(open_embedder())
                guards += [
                    Guard(config=config, judge=await open_topic(config, embedder))
                    for config in topics
                ]
            yield Guards(guards, tasks)
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None  # its user's: judges raise nothing


def check_guardrails(configs: Sequence[GuardrailConfig]) -> None:
    """Refuse what cannot be enacted.

    Raises:
        ConfigError: a name is given twice, or a setting is missing, belongs to another kind, or
            can't be used.
    """
    for place, config in enumerate(configs):
        path = f"guardrails[{place}]"
        if config.name in {other.name for other in configs[:place]}:
            raise ConfigError(f"there are two of the name '{config.name}'", path=f"{path}.name")
        _check_fields(config, path)
        match config.kind:
            case "words":
                _check_words(config, path)
            case "classifier":
                _check_classifier(config, path)
            case "topics":
                _check_topics(config, path)


def _check_fields(config: GuardrailConfig, path: str) -> None:
    allowed = COMMON | OWN[config.kind]
    for field in structs.fields(config):
        value = getattr(config, field.encode_name)
        default = {} if field.name == "headers" else field.default
        if field.name not in allowed and value != default:
            message = f"this setting does nothing for a guard rail of kind '{config.kind}'"
            raise ConfigError(message, path=f"{path}.{field.name}")


def _check_words(config: GuardrailConfig, path: str) -> None:
    if not (config.words or config.patterns):
        raise ConfigError("words or patterns are needed", path=f"{path}.words")
    for number, word in enumerate(config.words):
        if not words_of(word):
            raise ConfigError("there is no word in it", path=f"{path}.words[{number}]")
    for number, pattern in enumerate(config.patterns):
        try:
            is_empty = re.compile(pattern).search("") is not None
        except re.error as error:
            raise ConfigError(f"no pattern: {error}", path=f"{path}.patterns[{number}]") from error
        if is_empty:
            raise ConfigError("it finds nothing at all", path=f"{path}.patterns[{number}]")


def _check_classifier(config: GuardrailConfig, path: str) -> None:
    if config.url is None:
        raise ConfigError("this setting is needed", path=f"{path}.url")
    if URL(config.url).scheme not in ("http", "https"):
        raise ConfigError("an address begins with http:// or https://", path=f"{path}.url")
    given = [config.api_key, config.api_key_file, config.api_key_env]
    if sum(one is not None for one in given) > 1:
        raise ConfigError("give the key, a file or a variable, not several", path=f"{path}.api_key")
    for name in ("model", "categories"):
        if config.shape != "moderations" and getattr(config, name):
            raise ConfigError("only with shape = 'moderations'", path=f"{path}.{name}")


def _check_topics(config: GuardrailConfig, path: str) -> None:
    if not config.examples:
        raise ConfigError("sentences as they must not be said are needed", path=f"{path}.examples")


async def _open(
    config: GuardrailConfig, environment: Mapping[str, str], stack: AsyncExitStack
) -> Guard:
    if config.kind == "classifier":
        key = _api_key(config, environment)
        judge = await stack.enter_async_context(open_classifier(config, key))
        return Guard(config=config, judge=judge)
    tree = phrase_tree(config.words)
    patterns = [re.compile(pattern, re.IGNORECASE) for pattern in config.patterns]

    def new_scanner() -> Scanner:
        scanners: list[Scanner] = [WordScanner(tree)] if tree else []
        return AllScanners([*scanners, *([PatternScanner(patterns)] if patterns else [])])

    return Guard(config=config, new_scanner=new_scanner)


def _api_key(config: GuardrailConfig, environment: Mapping[str, str]) -> str | None:
    if config.api_key_env is None:
        return config.api_key
    if not (key := environment.get(config.api_key_env)):
        raise ConfigError(
            f"there is no {config.api_key_env} in the environment",
            path=f"guardrails.{config.name}.api_key_env",
        )
    return key


class AllScanners:
    """Several scanners as one."""

    def __init__(self, scanners: Sequence[Scanner]) -> None:
        self._scanners = scanners

    def push(self, text: str, *, is_clause: bool) -> Scan:
        """See `Scanner`."""
        return _joint([scanner.push(text, is_clause=is_clause) for scanner in self._scanners])

    def end(self) -> Scan:
        """See `Scanner`."""
        return _joint([scanner.end() for scanner in self._scanners])


def _joint(scans: Sequence[Scan]) -> Scan:
    is_violated = any(scan.is_violated for scan in scans)
    return Scan(min(scan.clear_to for scan in scans), is_violated)
