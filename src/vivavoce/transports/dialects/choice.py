"""From the name of a dialect to its codec."""

from vivavoce.protocol.dialect import Dialect
from vivavoce.transports.dialects.beta import BetaCodec
from vivavoce.transports.dialects.codec import DialectCodec
from vivavoce.transports.dialects.ga import GaCodec


def codec_of(dialect: Dialect) -> DialectCodec:
    """Return a fresh codec for one connection."""
    return BetaCodec() if dialect == "beta" else GaCodec()
