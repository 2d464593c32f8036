"""The library of a running bot: a saved edit is served within a second, a torn or broken one never."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from watchfiles import watch

from knowledge.library import Library
from knowledge.problems import KnowledgeError

logger = logging.getLogger(__name__)

QUIET_SECONDS = 0.2
"""How long all files have lain still before they are read: whoever writes one in pieces takes less between two."""

LOSS_SECONDS = 3.0
"""How long they have lain still before it is believed that something was to go: a file torn between two of its entries
or lines may read well, but for what is missing."""

LOOK_SECONDS = 1.0
"""How often the files are looked at even if nothing was told: a folder behind a link may be exchanged unheard."""

_Seen = tuple[tuple[str, int, int, int], ...]
"""Name, inode, size and time of change of every YAML file."""


class Watched:
    """Holds what the bot knows now. Threads may share it; a library that was handed out stays as it is."""

    def __init__(
        self, folder: Path, load: Callable[[], Library], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Load what lies in the folder; KnowledgeError if it cannot be used."""
        self._folder = folder
        self._load = load
        self._clock = clock
        self._known = self._seen = _look(folder)
        self._seen_at = clock()
        self._said = ""
        self._library = load()
        self._texts = _texts(self._known)

    def __call__(self) -> Library:
        """Return what the bot knows now."""
        return self._library

    @contextmanager
    def following(self, served: Callable[[Library], object] = lambda library: None) -> Iterator[None]:
        """Follow the files in a thread of its own, as long as the context lasts.

        `served` is called there with each new library once it is served: it may fit the matcher ahead of the first
        message, or tell an editor.
        """
        stop = Event()
        thread = Thread(target=self._follow, args=(stop, served), name="knowledge", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def look(self) -> float | None:
        """Read the files if they changed and lie still. Return in how many seconds to look again, None for no hurry.

        What cannot be used is logged, once, and what was served before is served on.
        """
        seen = _look(self._folder)
        if seen != self._seen:
            self._seen, self._seen_at = seen, self._clock()
        if seen == self._known:
            return None
        quiet = self._clock() - self._seen_at
        if quiet < QUIET_SECONDS:
            return QUIET_SECONDS - quiet
        library, problems = self._loaded()
        texts = _texts(seen)
        if _look(self._folder) != seen:
            return QUIET_SECONDS
        if library and quiet < LOSS_SECONDS and self._seems_torn(library, texts):
            return LOSS_SECONDS - quiet
        self._known = seen
        if library:
            for code, language in library.languages.items():
                language.begin_with(self._library.language(code))
            self._library, self._texts = library, texts
            logger.info("the knowledge was edited, and the new one is served")
        elif problems != self._said:
            logger.error("the knowledge was edited and cannot be used, so the one before is served on:\n%s", problems)
        self._said = problems
        return None

    def _loaded(self) -> tuple[Library | None, str]:
        """What lies in the folder, or why it cannot be used."""
        try:
            return self._load(), ""
        except KnowledgeError as error:
            return None, str(error)
        except OSError as error:
            return None, f"a file or folder vanished or cannot be read ({error})"

    def _seems_torn(self, library: Library, texts: Mapping[str, bytes]) -> bool:
        """Whether something is gone that had a name, or a file has no last line end any more, or lost its end."""
        if _names(self._library) - _names(library):
            return True
        changed = ((before, texts[file]) for file, before in self._texts.items() if texts.get(file, before) != before)
        return any(
            before.startswith(now) or (before.endswith(b"\n") and not now.endswith(b"\n")) for before, now in changed
        )

    def _follow(self, stop: Event, served: Callable[[Library], object]) -> None:
        while not stop.is_set():
            place = _place(self._folder)
            try:
                for _ in _changes(self._folder, stop):
                    self._settle(stop, served)
                    if _place(self._folder) != place:
                        break
            except Exception:
                logger.exception("an edit of the knowledge was not served")
                self._known = self._seen
                stop.wait(LOOK_SECONDS)

    def _settle(self, stop: Event, served: Callable[[Library], object]) -> None:
        before = self._library
        while (again := self.look()) is not None and not stop.wait(min(again, QUIET_SECONDS)):
            pass
        if self._library is not before:
            served(self._library)


def _changes(folder: Path, stop: Event) -> Iterator[object]:
    """Yield whenever something changed in the folder, and every LOOK_SECONDS; that alone while there is no folder."""
    if folder.is_dir():
        wait = int(1000 * LOOK_SECONDS)
        yield from watch(folder, stop_event=stop, step=50, debounce=100, rust_timeout=wait, yield_on_timeout=True)
    elif not stop.wait(LOOK_SECONDS):
        yield None


def _place(folder: Path) -> tuple[Path, int]:
    """Which folder it is: another one of the same name has to be watched anew."""
    return folder.resolve(), folder.stat().st_ino if folder.is_dir() else 0


def _look(folder: Path) -> _Seen:
    found = []
    for path in sorted(folder.rglob("*.yaml")):
        try:
            state = path.stat()
        except OSError:
            continue
        found.append((str(path), state.st_ino, state.st_size, state.st_mtime_ns))
    return tuple(found)


def _texts(seen: _Seen) -> dict[str, bytes]:
    """What stands in each of these files; nothing where one vanished meanwhile."""
    texts = {}
    for file, *_ in seen:
        with suppress(OSError):
            texts[file] = Path(file).read_bytes()
    return texts


def _names(library: Library) -> set[str]:
    """Everything that has a name in the library: what a torn file lacks at its end."""
    names = {f"fact {name}" for name in library.facts} | {f"source {name}" for name in library.sources}
    for code, language in library.languages.items():
        names |= {f"{code} entry {entry}" for entry in language.entries}
        names |= {f"{code} {place}" for place in language.fields()}
        names |= {f"{code} word {word} {way}" for word, ways in language.words.items() for way in ways}
        names |= {f"{code} start {flow} {way}" for flow, wording in language.flows.items() for way in wording.start}
    return names
