"""Spanish and English in one chat: each message is answered in its own language."""

import pytest

from bot.dialogue.messages import Incoming
from core.tables import Conversation, Ticket
from tests.flows.paths import Path
from tests.flows.spanish_paths import WAYS
from tests.world import Characters, Chat, MailedCode, Press, Wait, World, converse


@pytest.fixture
def chat(world: World) -> Chat:
    """Return somebody who talks; `tests.channels.test_same_words` hears the same on every channel."""
    return Chat(world)


@pytest.mark.parametrize("path", WAYS, ids=lambda path: path.name)
async def test_every_action_goes_from_its_beginning_to_its_end_in_spanish(world: World, chat: Chat, path: Path) -> None:
    await converse(chat, path.pairs)
    for table, count in path.leaves:
        assert len(world.rows(table)) == count, table


async def test_a_spanish_conversation_from_its_question_to_its_letter(world: World, chat: Chat) -> None:
    await converse(
        chat,
        [
            ("olvide mi password", ("contraseña nueva", "[Restablecer mi contraseña]")),
            (Press("Restablecer mi contraseña"), ("¿Cuál es su nombre de usuario", "[Cancelar]")),
            ("mi usuario es danalee1", ("<characters>", "escriba los caracteres", "[Otra imagen]")),
            (Press("Mejor envíeme un código"), "código de 8 dígitos"),
            (MailedCode(), ("Listo.", "60 minutos")),
            (Wait(15), ("¿Llegó?", "[Sí, llegó]")),
            ("si, ya llego", "ponga una contraseña nueva"),
        ],
    )
    assert [mail["Subject"] for mail in world.letterbox.mails] == ["Su código", "Ponga una contraseña nueva"]
    assert "lunes, 16 de noviembre de 2026" in world.letterbox.letters[-1].body


async def test_a_spanish_question_in_an_english_action_is_answered_and_the_action_goes_on_in_spanish(
    chat: Chat,
) -> None:
    await converse(
        chat,
        [
            ("recover my username", "What is the e-mail address of your account?"),
            ("¿cuántos caracteres lleva la contraseña?", ("8 a 16", "¿Cuál es el correo electrónico de su cuenta?")),
            ("dana@example.org", ("<characters>", "escriba los caracteres")),
            (Characters(), "va en camino"),
            ("how long may a password be?", "8 to 16"),
        ],
    )


async def test_the_help_desks_ticket_is_made_in_spanish(world: World, chat: Chat) -> None:
    await converse(
        chat,
        [
            ("quiero hablar con una persona", "¿Qué pasó?"),
            ("el portal me saca cada vez que abro mi inventario", "¿Qué ha intentado hasta ahora?"),
            (Press("Omitir"), "¿a qué número de teléfono?"),
            (Press("Omitir"), ("Esto es lo que voy a pasar", "[Enviarlo]")),
            ("si", ("**1001**", "de noviembre de 2026")),
            ("mi caso", ("Caso 1001", "me saca cada vez")),
        ],
    )
    (ticket,) = world.rows(Ticket)
    assert ticket.language == "es"


async def test_what_tells_no_language_changes_none(world: World) -> None:
    await converse(
        Chat(world),
        [
            ("find my regulator", "In which county or city"),
            ("Los Angeles", "one of these cities"),
            ("cancel", "Cancelled"),
            ("recuperar mi usuario", "¿Cuál es el correo"),
            ("ok", "correo"),
            ("dana@example.org", "escriba los caracteres"),
            ("cancelar", "Cancelado"),
        ],
    )


@pytest.mark.parametrize(
    "said", ["quiero un humano YA", "un agente por favor!!", "me pasa con su supervisor", "que alguien me llame porfa"]
)
async def test_who_wants_a_person_in_other_words_gets_one(world: World, said: str) -> None:
    await converse(Chat(world), [(said, "¿Qué pasó?")])


@pytest.mark.parametrize("said", ["la persona que se fue tiene la clave", "usted es humano", "mi agente de seguros"])
async def test_who_only_speaks_of_people_is_not_taken_for_asking(world: World, said: str) -> None:
    await converse(Chat(world), [(said, lambda heard: "¿Qué pasó?" not in heard)])


async def test_a_chosen_language_stays_until_it_follows_again(world: World) -> None:
    await converse(
        Chat(world),
        [
            ("/language", ("Which language", "[English]", "[Español]", "[The one that I write in]")),
            (Press("Español"), "De acuerdo: Español"),
            ("what may a password look like?", lambda heard: "8 to 16" not in heard),
            ("menu", "¿En qué le ayudo?"),
            ("/language", "¿En qué idioma hablamos?"),
            (Press("El idioma en que escribo"), "contesto en el idioma"),
            ("what may a password look like?", "8 to 16"),
        ],
    )


@pytest.mark.parametrize(
    ("tells", "heard"), [("es-MX", "Hola, soy el bot"), ("en", "Hello, I am"), ("", "Hello, I am")]
)
async def test_a_chat_begins_in_the_language_that_the_channel_tells(world: World, tells: str, heard: str) -> None:
    await converse(Chat(world), [(Incoming("", "", "", text="/start", language=tells), heard)])


async def test_what_is_written_comes_before_what_the_channel_tells(world: World) -> None:
    said = Incoming("", "", "", text="I forgot my password", language="es")
    await converse(Chat(world), [(said, "You can set a new password")])
    (conversation,) = world.rows(Conversation)
    assert conversation.language == "en"


async def test_a_spanish_secret_is_removed_and_never_kept(world: World) -> None:
    await converse(Chat(world), [("no puedo entrar, mi contraseña es girasol99 y nada", "Nunca envíe una contraseña")])
    assert "girasol99" not in (world.folder / "world.db").read_bytes().decode(errors="replace")


async def test_a_place_in_spanish_finds_its_regulator(world: World) -> None:
    await converse(
        Chat(world),
        [
            ("¿quién es mi CUPA en el condado de Kern?", ("Para Condado de Kern es", "Kern Public Health")),
            ("a que agencia le toca mi taller en Oxnard", "Oxnard Fire Department"),
            ("buscar mi cupa", "¿En qué condado o ciudad"),
            ("condado de los angeles", ("una de estas ciudades", "[En otra parte del condado]")),
            ("en otra parte", "Los Angeles County Fire"),
        ],
    )


async def test_danger_is_answered_in_spanish_at_once(world: World) -> None:
    await converse(
        Chat(world),
        [
            ("recover my username", "What is the e-mail address"),
            ("se esta quemando el taller", "Llame al 911 ahora"),
        ],
    )


async def test_a_switch_counts_when_it_is_turned_and_what_is_written_after_it(world: World) -> None:
    def typed(text: str, switched: str) -> Incoming:
        return Incoming("", "", "", text=text, language="en", switched=switched)

    await converse(
        Chat(world),
        [
            (typed("recover my username", ""), "What is the e-mail address"),
            (typed("not an address", "es"), "address"),
            (typed("12345", ""), "That does not look like"),
            (typed("12345", "en"), "That does not look like"),
            (typed("12345", "es"), "Eso no parece un correo"),
            (typed("I have no such thing", "es"), "address of your account"),
            (typed("12345", "es"), "That does not look like"),
        ],
    )
