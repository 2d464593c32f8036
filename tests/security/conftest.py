"""What the security proofs share."""

from tests.desk.conftest import ana, ben, office, person
from tests.security.figures import measured

__all__ = ["ana", "ben", "measured", "office", "person"]
