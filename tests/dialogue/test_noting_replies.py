"""What became of a reply is noted, and what is left over taken up, while its chat has a turn, on PostgreSQL."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.dialogue.conversation import Conversations
from bot.dialogue.messages import Delivery, Incoming, SendFailed
from core import conversations
from core.context import Context
from core.office_days import STATE_OFFICES
from core.tables import Owed
from tests.delivery.stand_ins import LEASE_MINUTES
from tests.postgres import until_somebody_waits
from tests.world import World

pytestmark = pytest.mark.parametrize("world", ["postgresql"], indirect=True)

Note = Callable[[Conversations, Delivery], object]
NOTES: dict[str, Note] = {
    "sent": lambda talk, delivery: talk.sent(delivery, "5"),
    "gone": lambda talk, delivery: talk.unsent(delivery, SendFailed("blocked", permanent=True, is_gone=True)),
    "left over": lambda talk, delivery: talk.left_over("test"),
    "told to wait": lambda talk, delivery: talk.unsent(delivery, SendFailed("many", permanent=False, retry_after=3)),
}


@pytest.mark.parametrize("note", NOTES.values(), ids=NOTES)
def test_what_became_of_a_reply_is_noted_while_a_turn_forgets_the_chat(world: World, note: Note) -> None:
    database = world.database()
    talk = world.conversations(database)
    delivery = talk.receive(Incoming("test", "7", "one", "hello"))
    assert delivery is not None
    world.later(LEASE_MINUTES)
    with ThreadPoolExecutor(1) as beside:
        with database.transaction() as session:
            held = conversations.hold_by_id(session, delivery.conversation)
            noting = beside.submit(note, talk, delivery)
            until_somebody_waits(database, noting)
            conversations.forget(Context(session, world.now, world.keys, held.id, held.language, STATE_OFFICES))
        noting.result(20)
    assert not [row for row in world.rows(Owed) if row.settled_at is None]
