"""The expected "no"s: each names the phrase that tells a person about it, and the fields of that phrase."""


class Refusal(Exception):
    """An action was refused; `phrase` is the key of the sentence to say, `fields` fills it."""

    phrase = "refused"

    def __init__(self, **fields: object) -> None:
        super().__init__(self.phrase)
        self.fields = fields


class ProofRefused(Refusal):
    """The proof was used, is too old, or belongs to another chat, identifier or purpose: verify anew."""

    phrase = "proof_refused"


class BudgetSpent(Refusal):
    """Too many requests; field `minutes` says when the next one is free."""

    phrase = "budget_spent"


class ContinuationRefused(Refusal):
    """The code was used, is expired, is this chat's own, or was never ours: the four are not told apart."""

    phrase = "continuation_refused"


class LinkRefused(Refusal):
    """The link was used, is expired, or was never ours: the three are not told apart."""

    phrase = "link_refused"


class PasswordRefused(Refusal):
    """The password breaks a rule of 002; `phrase` names which."""

    def __init__(self, phrase: str, **fields: object) -> None:
        self.phrase = phrase
        super().__init__(**fields)


class AccountRefused(Refusal):
    """An account cannot be created so; `phrase` names the rule of 002 that is broken."""

    def __init__(self, phrase: str, **fields: object) -> None:
        self.phrase = phrase
        super().__init__(**fields)


class TicketRefused(Refusal):
    """Nothing was done to the ticket; `phrase` says why."""

    def __init__(self, phrase: str, **fields: object) -> None:
        self.phrase = phrase
        super().__init__(**fields)


class StaffRefused(Refusal):
    """Nothing was done to the account of somebody of staff, or they were not let in; `phrase` says why."""

    def __init__(self, phrase: str, **fields: object) -> None:
        self.phrase = phrase
        super().__init__(**fields)
