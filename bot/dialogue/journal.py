"""A flow's journal: what was asked, checked, done and said so far, keyed by name; it survives restarts and deploys."""

from typing import Any, Literal

Kind = Literal["given", "ask", "check", "prepare", "do", "say"]


class Journal:
    """The journal of one running flow, over the dict that the conversation keeps."""

    def __init__(self, kept: dict[str, Any]) -> None:
        """Work on `kept`, as made by `begun`."""
        self._kept = kept

    @classmethod
    def begun(cls, flow: str, version: int, given: dict[str, str]) -> "Journal":
        """Return the journal of a flow that begins now, some of its answers given beforehand."""
        entries = {key: ["given", value] for key, value in given.items()}
        return cls({"flow": flow, "version": version, "entries": entries})

    @property
    def kept(self) -> dict[str, Any]:
        """The dict to save."""
        return self._kept

    @property
    def flow(self) -> str:
        """The name of the flow."""
        return str(self._kept["flow"])

    @property
    def version(self) -> int:
        """The version of the flow's script that wrote this journal."""
        return int(self._kept["version"])

    def __contains__(self, key: str) -> bool:
        """Whether `key` was answered, checked, done or said."""
        return key in self._entries

    def __getitem__(self, key: str) -> Any:
        """The value recorded under `key`."""
        return self._entries[key][1]

    def record(self, key: str, kind: Kind, value: Any) -> None:
        """Record `value`, which JSON can hold, under `key`."""
        self._entries[key] = [kind, value]

    def drop(self, key: str) -> None:
        """Forget `key` and what is named beneath it (`proof` drops `proof.1` as well)."""
        for each in [each for each in self._entries if each == key or each.startswith(f"{key}.")]:
            del self._entries[each]

    def has_done_something(self) -> bool:
        """Whether something was done that cannot be undone."""
        return any(kind == "do" for kind, _ in self._entries.values())

    def has_answers(self) -> bool:
        """Whether there is an answer that "back" could take back."""
        return any(kind == "ask" for kind, _ in self._entries.values()) and not self.has_done_something()

    def step_back(self) -> bool:
        """Forget the last answer and what followed it; False when there is none, or when something was done since."""
        for key, (kind, _) in reversed(list(self._entries.items())):
            if kind == "do":
                return False
            if kind == "ask":
                self._drop_from(key)
                return True
        return False

    def keep_answers_only(self, version: int) -> None:
        """Go on under a new version of the script with what was answered, and nothing else."""
        self._kept["version"] = version
        self._kept["entries"] = {key: entry for key, entry in self._entries.items() if entry[0] in {"given", "ask"}}

    def clear(self) -> None:
        """Begin again, with what was given and nothing else."""
        self._kept["entries"] = {key: entry for key, entry in self._entries.items() if entry[0] == "given"}

    @property
    def _entries(self) -> dict[str, list[Any]]:
        entries: dict[str, list[Any]] = self._kept["entries"]
        return entries

    def _drop_from(self, key: str) -> None:
        keys = list(self._entries)
        for each in keys[keys.index(key) :]:
            del self._entries[each]
