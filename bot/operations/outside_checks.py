"""The checks of `cersbot doctor` that ask others: the mail server and Telegram."""

import asyncio
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from bot.delivery.post import MailRefused, MailServer
from bot.operations.checks import CLOCK_SECONDS, Check, Finding
from bot.operations.staff_group_check import staff_group
from core.settings import Settings

SECONDS = 10


def mail(settings: Settings) -> Finding:
    """Look whether the mail server greets us and takes the password; no letter is sent."""
    if not settings.smtp_url:
        if settings.is_development:
            return Finding("good", "no mail server is set: letters are kept and readable at /mail")
        mend = "set CERSBOT_SMTP_URL, for example smtp://user:password@mail.example.org:587"
        return Finding("bad", "no mail server is set, and this service is for more than this machine", mend)
    try:
        asyncio.run(asyncio.wait_for(MailServer(settings.smtp_url).greet(), SECONDS))
    except (MailRefused, TimeoutError) as error:
        mend = "check CERSBOT_SMTP_URL, its password, and that this machine may reach it"
        return Finding("bad", f"the mail server does not take us: {str(error) or 'no answer'}", mend)
    if settings.mail_from == Settings.model_fields["mail_from"].default:
        mend = "set CERSBOT_MAIL_FROM to an address whose domain allows this mail server (SPF, DKIM)"
        return Finding("odd", f"the mail server takes us, but letters come from {settings.mail_from}", mend)
    return Finding("good", f"the mail server takes us; letters come from {settings.mail_from}")


def telegram(settings: Settings) -> Finding:
    """Look whether Telegram knows the token, and whether its clock agrees with ours."""
    if not settings.telegram_token:
        return Finding("good", "no token is set: there is no Telegram channel")
    try:
        status, said, date = asyncio.run(_ask(f"{settings.telegram_base_url}{settings.telegram_token}/getMe"))
    except (aiohttp.ClientError, TimeoutError, ssl.SSLError, ValueError) as error:
        said = f"no Bot API server answers at {settings.telegram_base_url}: {type(error).__name__}"
        return Finding("bad", said, "check the network, or CERSBOT_TELEGRAM_BASE_URL")
    if status != 200:
        return Finding("bad", f"Telegram does not take the token (HTTP {status})", "copy it anew from BotFather")
    skew = abs((datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds()) if date else 0.0
    if skew > CLOCK_SECONDS:
        mend = "set the clock by the network (timedatectl set-ntp true): links and codes live by it"
        return Finding("bad", f"the clock and Telegram's are {skew:.0f} seconds apart", mend)
    return Finding("good", f"Telegram knows the token: it is @{said}'s")


async def _ask(address: str) -> tuple[int, str, str]:
    """Return status, the bot's name and the date of an answer; nothing that is raised names the token."""
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session,
        session.get(address) as answer,
    ):
        content = await answer.json(content_type=None) if answer.status == 200 else {}
        return answer.status, str(content.get("result", {}).get("username", "")), answer.headers.get("Date", "")


OUTSIDE: Sequence[Check] = (Check("mail", mail), Check("Telegram", telegram), Check("staff's group", staff_group))
