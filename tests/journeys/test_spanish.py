"""The way into CERS in Spanish, in a real browser that is set to it: chat, forms, letters, and back to English."""

import pytest
from playwright.async_api import Browser

from tests.journeys.walker import PASSWORD, walking
from tests.world import World

# The browser of all tests lives in one event loop, and so do they.
pytestmark = pytest.mark.asyncio(loop_scope="session")

NUEVA = {
    "Nombre de usuario": "luzmarin1",
    "Nombre": "Luz",
    "Apellido": "Marín",
    "Correo electrónico": "luz@example.org",
    "Correo electrónico, otra vez": "luz@example.org",
    "Contraseña": PASSWORD,
    "Contraseña, otra vez": PASSWORD,
    "Frase de protección de la contraseña": "la garza lee",
}


async def test_an_account_is_made_in_spanish_from_the_first_question_to_its_page(
    chromium: Browser, empty: World
) -> None:
    async with walking(chromium, empty, locale="es-US") as luz:
        await luz.opens("/")
        await luz.reads("Hola, soy el bot de soporte de CERS", "no sobre las de CalEPA")
        await luz.page.get_by_label("Su mensaje").fill("cuantos caracteres lleva la contraseña")
        await luz.page.get_by_role("button", name="Enviar", exact=True).click()
        await luz.page.locator(".bubbles .bot", has_text="8 a 16").wait_for()
        await luz.looks("spanish-chat")
        await luz.opens("/account/create")
        await luz.presses("Crear mi cuenta")
        await luz.reads("Primero hay que cambiar algo", "Escriba su apellido.", "Condiciones de uso")
        await luz.looks("spanish-create-mistakes")
        await luz.fills(NUEVA)
        await luz.types_characters()
        await luz.page.get_by_label("Acepto estas Condiciones de uso").check()
        await luz.presses("Crear mi cuenta")
        await luz.reads("Revise su correo", "l****@example.org", "30 días")
        letter = await luz.gets("Active su cuenta")
        assert "El enlace sirve hasta el miércoles, 16 de diciembre de 2026" in letter.body
        assert "¿No fue usted?" in letter.body
        await luz.follows_letter(letter, "activate")
        await luz.presses("Activar mi cuenta")
        await luz.reads("Su cuenta está activa")
        await luz.gets("Su cuenta está activa")
        await luz.opens("/account/sign-in")
        await luz.fills({"Nombre de usuario": "luzmarin1"})
        await luz.presses("Siguiente")
        await luz.reads("la garza lee")
        await luz.fills({"Contraseña": PASSWORD})
        await luz.presses("Iniciar sesión")
        await luz.reads("Cuenta de Luz Marín")
        await luz.looks("spanish-account")
        await luz.page.get_by_role("link", name="English").click()
        await luz.reads("Luz Marín's account")
        await luz.follows("Edit my profile")
        await luz.reads("Edit my profile")
        assert await luz.page.locator("html").get_attribute("lang") == "en", "the switch is remembered"
