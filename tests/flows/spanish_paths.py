"""Every flow's way from its beginning to its end in Spanish, as `tests.flows.paths` has it in English."""

from core.tables import AccountRequest, FollowUp, Ticket
from tests.flows.paths import Path
from tests.world import Characters, MailedCode, Press, Wait

WAYS = (
    Path(
        "resend_activation",
        "Enviar otra vez mi correo de activación",
        (
            ("reenviar mi correo de activacion", "el correo electrónico con el que se registró"),
            ("mi usuario es omarwash", "<characters>"),
            (Characters(), "al correo registrado"),
        ),
        ((AccountRequest, 1), (FollowUp, 1)),
    ),
    Path(
        "recover_username",
        "Recuperar mi usuario",
        (
            ("recuperar mi usuario", "¿Cuál es el correo electrónico de su cuenta?"),
            ("es Dana@Example.org, gracias", "<characters>"),
            (Characters(), "d****@example.org"),
        ),
        ((AccountRequest, 1), (FollowUp, 1)),
    ),
    Path(
        "reset_password",
        "Restablecer mi contraseña",
        (
            ("restablecer mi contraseña", "¿Cuál es su nombre de usuario, o el correo"),
            ("dana@example.org", "<characters>"),
            (Press("Mejor envíeme un código"), "Envío un código de 8 dígitos"),
            (MailedCode(wrong=True), "No coincide o ya venció"),
            (MailedCode(), ("d****@example.org", "60 minutos")),
        ),
        ((AccountRequest, 2), (FollowUp, 1)),
    ),
    Path(
        "person",
        "Hablar con una persona",
        (
            ("/person", "What happened?"),  # a command tells no language
            ("El enlace de activación dice que ya se usó.", "¿Qué ha intentado hasta ahora?"),
            ("lo abri en otro navegador", "¿a qué número de teléfono?"),
            ("llameme al (916) 555-0100", "¿A qué hora conviene llamarle?"),
            (
                "entre semana de 9 a 11",
                ("El enlace de activación", "(916) 555-0100", "entre semana de 9 a 11", "¿Lo envío?"),
            ),
            (Press("Enviarlo"), ("**1001**", "a más tardar el")),
        ),
        ((Ticket, 1),),
    ),
    Path(
        "find_my_regulator",
        "Buscar mi regulador",
        (
            ("buscar mi regulador", "¿En qué condado o ciudad"),
            ("esta en el condado de Ventura", ("una de estas ciudades", "[Oxnard]")),
            (Press("En otra parte del condado"), ("Environmental Health Division", "21 de noviembre de 2026")),
        ),
    ),
    Path(
        "mail_not_here",
        "¿Llegó el correo?",
        (
            ("reenviar mi correo de activacion", "el correo electrónico con el que se registró"),
            ("mi usuario es omarwash", "<characters>"),
            (Characters(), "al correo registrado"),
            (Wait(5), "¿Llegó?"),
            (Press("No. ¿Dónde busco?"), ("spam o correo no deseado", "¿Lo encontró?")),
            ("si", "Abra el enlace para activar"),
        ),
        ((AccountRequest, 1), (FollowUp, 1)),
        opening=4,
    ),
)
