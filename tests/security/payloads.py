"""What is typed to make a page run a script, two hundred ways, and how to see that none of them became an element."""

from html.parser import HTMLParser
from itertools import product

_RUN = "window.hit=1"
_TAGS = (
    f"<script>{_RUN}</script>",
    f"<img src=x onerror={_RUN}>",
    f"<svg onload={_RUN}>",
    f"<svg><script>{_RUN}</script></svg>",
    f"<iframe srcdoc='<script>parent.{_RUN}</script>'></iframe>",
    f"<iframe src=javascript:{_RUN}></iframe>",
    f"<body onload={_RUN}>",
    f"<details open ontoggle={_RUN}>",
    f"<input autofocus onfocus={_RUN}>",
    f"<video><source onerror={_RUN}></video>",
    f"<a href=javascript:{_RUN}>here</a>",
    f"<object data=javascript:{_RUN}></object>",
    f"<math><mtext><script>{_RUN}</script></mtext></math>",
    f"<form action=javascript:{_RUN}><button>go</button></form>",
    f"<style onload={_RUN}></style>",
    f"<marquee onstart={_RUN}>",
    f"[here](javascript:{_RUN})",
    f"![x](x onerror={_RUN})",
    f"{{{{ self.__init__.__globals__ }}}}<script>{_RUN}</script>",
    f"<ScRiPt\n>{_RUN}</sCrIpT\n>",
)
_BESIDE = ("{}", '">{}', "'>{}", "</textarea>{}", "</title></script>{}", "--><!-- -->{}", "&lt;b&gt;{}", "\u2028{}")
_AROUND = (*_BESIDE, "**{}**", "`{}`")
PAYLOADS = tuple(around.format(tag) for tag, around in product(_TAGS, _AROUND))

# In the browser: elements that only a payload would make.
FOREIGN = (
    "script:not([src^='/static/']), iframe, object, embed, video, marquee, svg:not([role='img']), math, style,"
    " img:not([src^='/static/']):not([src^='/chat/picture/']):not([src^='/account/verification.png']), body[onload],"
    " [onerror], [onload], [ontoggle], [onfocus], [onstart], a[href^='javascript'], form[action^='javascript']"
)


# What the pages have themselves, by the beginning of its address.
_OWN = {
    "script": ("/static/",),
    "img": ("/static/", "/chat/picture/", "/account/verification.png"),
}


class Elements(HTMLParser):
    """The elements of a page that only a payload would make."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.foreign: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what does not belong."""
        values = {name: value or "" for name, value in attrs}
        is_own = values.get("src", "").startswith(_OWN.get(tag, ("no address",)))
        is_own = is_own or (tag == "svg" and values.get("role") == "img")
        made = tag in {"script", "img", "iframe", "object", "embed", "video", "marquee", "svg", "math", "style"}
        runs = any(name.startswith("on") for name in values) or any(
            values.get(name, "").startswith("javascript") for name in ("href", "action", "src")
        )
        if runs or (made and not is_own):
            self.foreign.append(f"<{tag} {values}>")


# A form of the account pages, as somebody fills it in.
NEW_ACCOUNT = {
    "username": "newbie1",
    "first_name": "Ann",
    "last_name": "Lee",
    "email": "ann@example.org",
    "email_again": "ann@example.org",
    "password": "Blue4Heron",
    "password_again": "Blue4Heron",
    "phrase": "the heron reads",
    "agree": "yes",
}
