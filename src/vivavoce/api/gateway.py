"""All that the addresses of a server share. Filled in by `app`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from vivavoce.api.accounts import Accounts
from vivavoce.api.adding import Adding
from vivavoce.api.auth import ApiKeys
from vivavoce.api.documents import Documents
from vivavoce.api.models import DEFAULT_MODEL, MODEL_NAMES
from vivavoce.api.telephone_calls import TelephoneCalls
from vivavoce.clock import Clock
from vivavoce.core.options import SessionOptions
from vivavoce.core.translation_options import TranslationOptions
from vivavoce.ids import NewId
from vivavoce.interfaces import Engines, ToolServers
from vivavoce.runtime.background import Background
from vivavoce.runtime.directory import Directory
from vivavoce.runtime.metrics import Metrics
from vivavoce.runtime.pacer import Pacer
from vivavoce.runtime.prepared_room import PreparedRoom
from vivavoce.runtime.recorder import Recordings
from vivavoce.runtime.recording import RecordMode
from vivavoce.runtime.settings import RunnerSettings
from vivavoce.runtime.tool_jobs import NoToolServers
from vivavoce.store.database import Database
from vivavoce.transports.webrtc.peer import PeerSettings


def unguarded(engines: Engines, model: str, key: str) -> Engines:
    """Return the engines as they are: there are no guard rails."""
    return engines


@dataclass(kw_only=True)
class Gateway:
    """One per server. Only `engines` ever changes."""

    clock: Clock
    new_id: NewId
    """For ids that belong to no session: requests, refusals."""
    new_seed: Callable[[], int]
    """For the ids of each session; must not be guessable from outside."""
    options: SessionOptions
    """Of every session; model and extensions are each connection's own."""
    settings: RunnerSettings
    translation: TranslationOptions | None = None
    """Of every translation session; None: nothing is translated here."""
    directory: Directory
    prepared_room: PreparedRoom
    metrics: Metrics
    database: Database
    """What outlives a session."""
    accounts: Accounts
    """What belongs to a key across its sessions: limits, usage, traces."""
    background: Background
    """Where calls go on after the request that began them; entered as long as requests come."""
    documents: Documents | None = None
    """None: there are no addresses for them."""
    adding: Adding | None = None
    """What adds documents to vector stores; there where `documents` is."""
    pacer: Pacer = field(default_factory=Pacer)
    """Of the sound of all calls."""
    webrtc: PeerSettings = field(default_factory=PeerSettings)
    telephone_calls: TelephoneCalls = field(default_factory=TelephoneCalls)
    guard: Callable[[Engines, str, str], Engines] = unguarded
    """Puts the guard rails before the engines of a session, by its model name and its key's."""
    tool_servers: ToolServers = field(default_factory=NoToolServers)
    """Which sessions may reach."""
    tool_labels: tuple[str, ...] = ()
    """Labels by which a session may name them without an address."""
    engines: Engines | None = None
    """None until they are open and warm: until then sessions are refused with 503."""
    keys: ApiKeys = field(default_factory=ApiKeys)
    model_names: tuple[str, ...] = MODEL_NAMES
    default_model: str = DEFAULT_MODEL
    """For a connection that names none."""
    recordings: Recordings | None = None
    recordings_dir: Path | None = None
    """Where recordings lie, those of earlier runs too; None: nobody may open any."""
    records: RecordMode = "off"
    """What `recordings` keeps."""
    profile: str = ""
    """What answers here, for people to read."""
    heartbeat_s: float | None = None
    """Silence after which a client is asked whether it is there; None: never."""
    drain_timeout_s: float = 8.0
    """For answers under way when the server ends."""
