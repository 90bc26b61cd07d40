"""Whatever happens in a session, the reference Beta client can follow it."""

import json

from hypothesis import settings

from tests.beta_sdk_types import parse_with_beta_sdk
from tests.properties.reference_beta_client import ReferenceClient
from tests.properties.test_session import AnySession
from vivavoce.core.inputs import Input
from vivavoce.core.outputs import Send
from vivavoce.transports.dialects.beta import BetaCodec


class AnyBetaSession(AnySession):
    """A session that everything happens to, with a Beta client at its other end."""

    def __init__(self) -> None:
        super().__init__()
        self.codec = BetaCodec()
        self.client = ReferenceClient()

    def tell(self, item: Input) -> None:
        super().tell(item)
        for output in self.outputs[-1]:
            if isinstance(output, Send):
                for text in self.codec.encode(output.event):
                    parse_with_beta_sdk(text)
                    self.client.took(json.loads(text))


TestAnyBetaSession = AnyBetaSession.TestCase
TestAnyBetaSession.settings = settings(
    derandomize=True, max_examples=30, stateful_step_count=50, deadline=None, database=None
)
