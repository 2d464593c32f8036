"""All pages of the desk, put together."""

from starlette.routing import Route

from bot.desk import answers, improve, lesson_page, live, mailbox, members, queue, sign_in, teaching, ticket
from bot.desk.live import Hub
from bot.desk.site import DeskSite


def routes(site: DeskSite, hub: Hub) -> list[Route]:
    """Return every route under /desk."""
    return [
        *sign_in.routes(site),
        *queue.routes(site),
        *answers.routes(site),
        *live.routes(site, hub),
        *ticket.routes(site),
        *teaching.routes(site),
        *lesson_page.routes(site),
        *improve.routes(site),
        *mailbox.routes(site),
        *members.routes(site),
    ]
