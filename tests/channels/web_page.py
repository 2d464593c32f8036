"""The chat's page as a person takes it in: the lines of the conversation, their buttons and pictures, the forms."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from bot.dialogue.messages import Picture

VOID = {"meta", "link", "input", "br", "img", "hr"}
BLOCKS = {"p", "li", "ul", "ol", "br", "pre", "blockquote", "div"}


@dataclass
class Bubble:
    """One line: who says it, what can be read, the labels of its buttons with what they send, and its picture."""

    id: str
    author: str
    text: str = ""
    buttons: dict[str, dict[str, str]] = field(default_factory=dict)
    picture: Picture | None = None  # with the row of its challenge, as the page has it

    @property
    def heard(self) -> str:
        """What a person takes in."""
        shown = [f"<{self.picture.kind}>"] if self.picture else []
        return "\n".join([*shown, " ".join(self.text.split()), *(f"[{label}]" for label in self.buttons)])


class ChatPage(HTMLParser):
    """A page that was received; it has to be well formed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.bubbles: list[Bubble] = []
        self.fields: dict[str, str] = {}  # of the form in which people type
        self.buttons: dict[str, dict[str, str]] = {}  # everywhere on the page, the newest of a label
        self.typed = ""
        self.wrong = ""
        self.version = ""
        self.links: dict[str, str] = {}
        self._open: list[tuple[str, dict[str, str]]] = []
        self._form: dict[str, str] = {}
        self.feed(text)
        self.close()
        assert not self._open, f"never closed: {[tag for tag, _ in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what opens."""
        values = {name: value or "" for name, value in attrs}
        assert not [name for name in values if name.startswith("on") or name == "style"], "the page's own policy"
        within = self._bubble()
        if tag == "li" and values.get("id"):
            self.bubbles.append(Bubble(values["id"], values["class"]))
        if tag == "form":
            self._form = {}
        if tag == "input":
            self._form[values["name"]] = values["value"]
            if self._is_within("say"):
                self.fields[values["name"]] = values["value"]
        if tag == "img" and within:
            assert values["alt"]
            within.picture = Picture("characters", values["src"].rpartition("/")[2])
        if tag == "audio" and within:
            within.picture = Picture("spoken", values["src"].rpartition("/")[2])
        if values.get("id") == "log":
            self.version = values["data-version"]
        if tag in BLOCKS and within:
            within.text += "\n"
        if tag not in VOID:
            self._open.append((tag, values))

    def handle_endtag(self, tag: str) -> None:
        """Note what closes; it has to be what opened last."""
        opened, _ = self._open.pop()
        assert opened == tag, f"</{tag}> closes <{opened}>"

    def handle_data(self, data: str) -> None:
        """Note the text."""
        tag, values = self._open[-1] if self._open else ("", {})
        if tag == "textarea":
            self.typed += data.removeprefix("\n")
        if tag == "a":
            self.links[data] = values["href"]
        if self._is_within("wrong"):
            self.wrong += data.strip()
        if tag == "button":
            sent = {**self._form, **({values["name"]: values["value"]} if "name" in values else {})}
            self.buttons[data] = sent
            if bubble := self._bubble():
                bubble.buttons[data] = sent
        elif (bubble := self._bubble()) and not [each for _, each in self._open if each.get("class") == "hidden"]:
            bubble.text += data

    def _bubble(self) -> Bubble | None:
        return self.bubbles[-1] if [each for tag, each in self._open if tag == "li" and each.get("id")] else None

    def _is_within(self, name: str) -> bool:
        return any(each.get("id") == name for _, each in self._open)
