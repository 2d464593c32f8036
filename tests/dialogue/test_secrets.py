"""S2: a password, reset link or code typed into a chat never reaches readable storage, and the person is told."""

import pytest

from bot.dialogue.messages import Incoming
from bot.dialogue.redaction import heard
from tests.stored import stored
from tests.world import Chat, Press, World, converse, library

SECRETS = [
    ("my password is Sunny2Day", "Sunny2Day"),
    ("password: bluebird", "bluebird"),
    ("pw=hunter22", "hunter22"),
    ("user danalee1 pass Xk93hf!aa", "Xk93hf!aa"),
    ("it says wrong password but Sunny2Day is right", "Sunny2Day"),
    ("Sunny2Day!", "Sunny2Day!"),
    ('My Password Is "correct horse 1A"', "correct horse 1A"),
    ("http://127.0.0.1:8000/reset/12-AbCdEfGhIjKlMnOpQrStUvWxYz012345", "AbCdEfGhIjKlMnOpQrStUvWxYz012345"),
    ("the link http://cerslink.calepa.ca.gov/abc123 is dead", "abc123"),
    ("protection phrase is MyDogRex7", "MyDogRex7"),
    ("my protection phrase is my dog Rex", "dog Rex"),
    ("protection phrase is blue horse battery", "battery"),
    ("password hunter22", "hunter22"),
    ("my pass is hunter", "hunter"),
    ("pwd -> hunter", "hunter"),
    ("my password is: my dog 42, why", "dog 42"),
    ("passphrase: bluebird x", "bluebird"),
]
HARMLESS = [
    "my password is wrong",
    "password expired again",
    "I forgot my password and username",
    "reset password",
    "the password you sent does not work",
    "what is the password protection phrase",
    "password must be how long",
    "my username is danalee1",
    "mail goes to Dana.Lee2@example.org",
    "CERS2 and form 2730 and UP-13-06",
    "is the password case sensitive?",
    "my password is not working and I am locked out",
    "the password is the same as before",
    "password: forgotten",
    "I changed my password to get in",
    "password was rejected twice",
    "call me at 916-555-0100",
    "password 8 to 16 characters?",
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
async def test_s2_a_secret_is_removed_before_anything_is_written(
    world: World, chat: Chat, text: str, secret: str
) -> None:
    answer = await chat.says(Incoming("", "", "", text=text, message="m7"))
    assert "Never send a password" in answer
    assert chat.delivery is not None
    assert chat.delivery.remove_message == "m7"
    held = stored(world.database())
    assert secret.encode() not in held


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_stays(text: str) -> None:
    said = heard(text, library().language("en").words["innocent"])
    assert (said.clean, said.secret) == (text, False)


async def test_s2_a_secret_in_a_ticket_is_removed(world: World, chat: Chat) -> None:
    await converse(
        chat,
        [
            ("/person", "What happened?"),
            ("I cannot sign in, my password is Sunny2Day", ("Never send a password", "What have you tried")),
            ("skip", "telephone"),
            ("skip", ("my password is [removed]", "Shall I send it?")),
        ],
    )
    held = stored(world.database())
    assert b"Sunny2Day" not in held


async def test_s2_the_last_sign_of_a_password_is_removed_with_it(chat: Chat) -> None:
    await converse(chat, [("/person", "What happened?"), ("my password is Hunter2secret!", "tried")])
    await converse(chat, [("skip", "telephone"), ("skip", "my password is [removed] - Tried")])


async def test_what_to_press_after_a_password_is_named_where_its_button_stands_above(chat: Chat) -> None:
    heard = await chat.says("my password is Hunter2!horse and it does not work")
    assert "choose **Reset my password**" in heard
    assert heard.count("[Reset my password]") == 1


async def test_a_username_that_looks_like_a_password_is_taken_once_it_is_called_a_username(
    world: World, chat: Chat
) -> None:
    await converse(
        chat,
        [
            ("reset my password", "What is your username"),
            ("Dairy2024", ("looks like a password", "Never send a password")),
        ],
    )
    assert b"Dairy2024" not in stored(world.database())
    await converse(chat, [("username Dairy2024", "<characters>")])


@pytest.mark.parametrize(
    "said",
    [
        "my email is dana@example.org and my password is Secret123x",
        "dana@example.org Secret123x",
    ],
)
async def test_s2_a_secret_beside_an_answer_is_removed_and_the_answer_taken(
    world: World, chat: Chat, said: str
) -> None:
    await converse(chat, [("recover my username", "What is the e-mail address")])
    answer = await chat.says(Incoming("", "", "", text=said, message="m9"))
    assert "<characters>" in answer
    assert "Never send a password" in answer
    assert chat.delivery is not None
    assert chat.delivery.remove_message == "m9"
    assert b"Secret123x" not in stored(world.database())


async def test_s2_a_live_code_in_a_question_does_not_reach_the_transcript(world: World, chat: Chat) -> None:
    await converse(
        chat,
        [
            ("recover my username", "What is the e-mail address"),
            ("dana@example.org", "<characters>"),
            (Press("Mail me a code instead"), "8 digits"),
        ],
    )
    code = next(line for line in world.letterbox.letters[-1].body.splitlines() if line.isdigit())
    await chat.says(f"what is this number {code} and which addresses does CERS mail come from?")
    assert code.encode() not in stored(world.database())


async def test_s2_in_a_group_the_person_is_told_and_nothing_is_kept(world: World) -> None:
    group = Chat(world, chat="-100", private=False)
    said = Incoming("", "", "", text="my password is Sunny2Day", message="m3", private=False)
    assert "Never send a password" in await group.says(said)
    assert b"Sunny2Day" not in stored(world.database())
