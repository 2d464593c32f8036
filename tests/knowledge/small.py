"""A small knowledge base: five entries and what is not answered."""

from knowledge.schema import UNKNOWN

SMALL = {
    "forgot_password": (
        "I forgot my password",
        "how do I reset my password",
        "lost my password, what now",
        "need a new password",
        "my password does not work anymore",
        "change a forgotten password",
    ),
    "forgot_username": (
        "I forgot my username",
        "what is my user name",
        "lost my login name",
        "send me my username please",
        "which username did I choose",
        "cannot remember the user name",
    ),
    "activation_email_missing": (
        "the activation e-mail never came",
        "no activation mail",
        "I did not get the mail to activate my account",
        "send the activation message again",
        "still waiting for the activation email",
        "where is my activation link",
    ),
    "upload_rules": (
        "how big may an uploaded file be",
        "my document is too large to upload",
        "upload limit",
        "which files can I upload",
        "maximum size of a document",
        "the pdf will not upload",
    ),
    "thanks": ("thank you", "thanks a lot", "many thanks", "that helped, thanks", "great, thank you very much"),
    UNKNOWN: (
        "what is the weather tomorrow",
        "tell me a joke",
        "who won the game last night",
        "order a pizza",
        "play some music",
        "recipe for banana bread",
    ),
}
PAIRS = [(entry, phrasing) for entry, phrasings in SMALL.items() for phrasing in phrasings]
