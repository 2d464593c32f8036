"""Every value that the system enforces, with the document or decision that it comes from."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# 002: "Can be from 5 to 16 characters in length", letters and numbers.
USERNAME_MIN: Final = 5
USERNAME_MAX: Final = 16
# 002: "Must be 8-16 characters", one uppercase, one lowercase, one number.
PASSWORD_MIN: Final = 8
PASSWORD_MAX: Final = 16
# Longer names and phrases are mistakes (ours; the documents say nothing).
NAME_MAX: Final = 100
PROTECTION_PHRASE_MAX: Final = 200
# 001 and 002: an account request that is not activated in 30 days expires.
ACTIVATION_EXPIRES_DAYS: Final = 30
# 000: "a couple of minutes"; the ruling stands in knowledge/facts.yaml.
ACTIVATION_MAIL_MINUTES: Final = 5
# 004: "within 15 minutes of your request".
RECOVERY_MAIL_MINUTES: Final = 15
# 003: support replies "within 1-2 business days".
SUPPORT_REPLY_MIN_DAYS: Final = 1
SUPPORT_REPLY_MAX_DAYS: Final = 2

# OWASP Forgot Password: a reset link is short-lived and used once.
RESET_LINK_MINUTES: Final = 60
# A new address of an account is proved within a day, as OWASP has it for changes of an e-mail address.
EMAIL_LINK_HOURS: Final = 24
# Passwords that zxcvbn thinks to be found within so many guesses are refused: among them every common one.
PASSWORD_FEWEST_GUESSES: Final = 10_000_000
# OWASP ASVS 6.5.5: an out-of-band code lives at most ten minutes, here from the moment SMTP took the letter.
CODE_MINUTES: Final = 10
CODE_DIGITS: Final = 8
# How long a form asks for a code that was wanted: its letter may be late, and its minutes count from then.
CODE_SHOWN_MINUTES: Final = 60
CODE_TRIES: Final = 5
# The picture of verification characters (002, 004); a miss brings a new picture.
CHARACTERS_MINUTES: Final = 10
CHARACTERS_LENGTH: Final = 5
CHARACTERS_TRIES: Final = 1
# A result proved by either has to be asked for within this time (OWASP: one grant, one action, 15 minutes).
PROOF_MINUTES: Final = 15

# S5, counted before any account is looked up: what one chat may ask in an hour.
CHAT_REQUESTS_AN_HOUR: Final = 10
CHAT_CHALLENGES_AN_HOUR: Final = 30
CHAT_TICKETS_A_DAY: Final = 5
# S5, counted silently when the letter is due: 3 an hour and 5 a day a mailbox.
MAILBOX_LETTERS_AN_HOUR: Final = 3
MAILBOX_LETTERS_A_DAY: Final = 5
# S5 for the account pages, by network: pictures, what is asked for, names that are tried, sign-ins.
NETWORK_CHALLENGES_AN_HOUR: Final = 240
NETWORK_REQUESTS_AN_HOUR: Final = 40
NETWORK_USERNAMES_AN_HOUR: Final = 240
NETWORK_ACCOUNT_SIGN_INS_AN_HOUR: Final = 120
# After so many tries at one username, whoever has it, a sign-in takes verification characters: nobody is locked out.
USERNAME_SIGN_INS_AN_HOUR: Final = 10
# S5: what staff start for an account has a budget of its own, so that strangers who use up the mailbox's keep nobody
# from being helped.
ACCOUNT_STAFF_LETTERS_A_DAY: Final = 5
# What begins to live later than this from now was armed by a clock that was ahead: it would live too long.
CLOCK_SLACK_SECONDS: Final = 60
# Passwords that one network may try to set through reset links in an hour (each costs an argon2 hash).
NETWORK_PASSWORDS_AN_HOUR: Final = 60

# A ticket's person counts as verified when a mailed code was proved in the same chat within this time.
VERIFIED_HOURS: Final = 24
# Staff are warned of a promise this long before it is due.
TICKET_WARN_HOURS: Final = 4
# What is urgent is due within so many hours by the clock, nights and weekends included: it stands first in the queue.
TICKET_URGENT_HOURS: Final = 4
# A ticket that waits for the person is looked at again after so many business days.
TICKET_WAITS_DAYS: Final = 5
# 003: what takes longer gets news by a date; the latest that staff may set.
TICKET_NEWS_MAX_DAYS: Final = 20
# What staff write to a person at once; it leaves in as many messages as a channel needs.
STAFF_REPLY_CHARACTERS: Final = 8000
# How long "Ana is replying…" is shown after her last key.
WRITER_SECONDS: Final = 15

# An answer counts as one that helped when the same chat asks neither again nor for a person within this time.
DEFLECTED_DAYS: Final = 7
# How many days back what people asked is counted, and how often today is counted anew.
COUNTED_DAYS: Final = 91
COUNTED_EVERY_MINUTES: Final = 5

# Staff sign in (NIST SP 800-63B: 15 characters where a password stands alone, no composition rules).
STAFF_PASSWORD_MIN: Final = 15
STAFF_PASSWORD_MAX: Final = 128
STAFF_LINK_HOURS: Final = 24
# OWASP Session Management: an idle and an absolute end, and a token that is renewed on the way.
SESSION_IDLE_MINUTES: Final = 60
SESSION_HOURS: Final = 12
SESSION_ROTATES_MINUTES: Final = 15
SESSION_GRACE_SECONDS: Final = 60
# Counted before any name is looked up, by network: no number of misses locks anybody out.
NETWORK_SIGN_INS_AN_HOUR: Final = 30

# A lost mailbox: so much evidence, and so long may the owner stop what two members of staff agreed on (ours).
MAILBOX_EVIDENCE_MIN: Final = 2
MAILBOX_WAIT_HOURS: Final = 24
# ... and so long is the new mailbox waited for, which has to answer before anything changes ...
MAILBOX_PROOF_DAYS: Final = 14
# ... of whom neither came, or set a new password, within this time before the case was opened ...
STAFF_STANDING_HOURS: Final = 24
# ... and whoever stopped a case reads the mailbox: there is no other case of that account for so long.
MAILBOX_STOPPED_DAYS: Final = 30
MAILBOX_TEXT_CHARACTERS: Final = 2000

# An action that was begun and left is put away, with a sentence, after this silence.
FLOW_EXPIRES_HOURS: Final = 24
# A follow-up waits while the person is in the middle of something.
FOLLOW_UP_WAITS_MINUTES: Final = 5
# Letters are tried again after these minutes when SMTP is out of reach or asks to wait; then hourly.
LETTER_RETRY_MINUTES: Final = (1, 5, 15, 30, 60)
# A letter that SMTP has not taken by then becomes a ticket (G2).
LETTER_DEADLINE_HOURS: Final = 24
# A request that crashes its resolution is tried again after the same minutes, and becomes a ticket after so many tries.
REQUEST_TRIES: Final = 5
# Replies that a channel could not take are tried again after this time, unless the channel names another.
REPLY_RETRY_SECONDS: Final = 5
# ... and each time after twice that, up to this.
REPLY_RETRY_LONGEST_SECONDS: Final = 60
# How long a worker owns what it took from the outbox before another may take it.
LEASE_SECONDS: Final = 60
# A message that crashes its turn this often is set aside and answered with an apology.
INBOX_TRIES: Final = 3
# The same where the database fails the turn but can still count it: pauses between the tries grow to 30 seconds.
INBOX_OUTAGES: Final = 20
# A message waits for the earlier ones of its chat no longer than this.
INBOX_ORDER_MINUTES: Final = 10
# What nobody has handled by then was accepted by a process that is gone, and another takes it up.
INBOX_STALE_SECONDS: Final = 15

# How long what is kept, unless the settings say otherwise: transcripts a month (Civil Code 1798.14: what is relevant
# and necessary), closed tickets and the audit a year (the latter by the database itself, see
# `core.tables.append_only`), and a day what nobody could handle or send.
TRANSCRIPT_DAYS: Final = 30
TICKET_DAYS: Final = 365
AUDIT_DAYS: Final = 365
PAYLOAD_HOURS: Final = 24
# What days came to for as long as the desk can show it, which is a year as well.
COUNTS_KEPT_DAYS: Final = 365
# Rows of the inbox and the outbox, blanked by then: Telegram repeats nothing that is older than a day.
HANDLED_DAYS: Final = 30

# A code by which a conversation goes on elsewhere: as short-lived as a mailed one, guessed at no oftener than this.
CONTINUE_MINUTES: Final = 10
CONTINUE_LENGTH: Final = 10
CHAT_CONTINUATIONS_AN_HOUR: Final = 10
# The web: chats that one network may begin in an hour (an office is one network), how long a browser keeps its chat,
# and how many of its messages may wait for each other in a process.
NETWORK_CHATS_AN_HOUR: Final = 100
WEB_CHAT_DAYS: Final = 30
WEB_MESSAGES_WAITING: Final = 8

# Telegram's limits (core.telegram.org/bots/faq): one message a second in a chat, with short bursts above it ...
TELEGRAM_CHAT_SECONDS: Final = 1.0
TELEGRAM_CHAT_BURST: Final = 8
# ... 20 a minute in a group: no minute holds more than the burst and what is free within it ...
TELEGRAM_GROUP_SECONDS: Final = 6.0
TELEGRAM_GROUP_BURST: Final = 10
# ... and 30 a second in all.
TELEGRAM_MESSAGES_A_SECOND: Final = 30.0
# Longer messages are cut before anything reads them (Telegram's own limit is 4,096 characters).
MESSAGE_CHARACTERS: Final = 4096

# Values that knowledge/facts.yaml states as well: `check`, start-up and reload refuse a file that says otherwise.
ENFORCED: Final[Mapping[str, object]] = MappingProxyType(
    {
        "username_min": USERNAME_MIN,
        "username_max": USERNAME_MAX,
        "password_min": PASSWORD_MIN,
        "password_max": PASSWORD_MAX,
        "activation_expires_days": ACTIVATION_EXPIRES_DAYS,
        "activation_mail_minutes": ACTIVATION_MAIL_MINUTES,
        "recovery_mail_minutes": RECOVERY_MAIL_MINUTES,
        "support_reply_min_days": SUPPORT_REPLY_MIN_DAYS,
        "support_reply_max_days": SUPPORT_REPLY_MAX_DAYS,
        "reset_link_minutes": RESET_LINK_MINUTES,
        "mailbox_wait_hours": MAILBOX_WAIT_HOURS,
        "mailbox_proof_days": MAILBOX_PROOF_DAYS,
        "mailbox_letters_an_hour": MAILBOX_LETTERS_AN_HOUR,
        "mailbox_letters_a_day": MAILBOX_LETTERS_A_DAY,
        "code_minutes": CODE_MINUTES,
        "code_digits": CODE_DIGITS,
        "code_tries": CODE_TRIES,
    }
)
