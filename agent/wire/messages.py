"""Every message of the agent channel, one frozen dataclass each.

Text frames are JSON objects `{"type": <name>, "body": {...}}` (see `codec`). Output travels in binary
frames. Times on the wire are milliseconds since the Unix epoch (UTC) where a person will read them, and
durations in milliseconds; no clock of one machine is ever compared with that of another.

An *attempt* is named by a string `<service_epoch>-<step id>-<n>`; it is never reused and is a valid file
name on every system. A *nonce* is 32 lower-case hex digits made by the agent.
"""

from __future__ import annotations

from dataclasses import dataclass, field

WIRE_VERSIONS: tuple[int, ...] = (1, 2, 3)
"""Version 3 added `Offer.detect`, `Offer.downloads`, `Welcome.software_digest` and `SoftwareReport`.
Version 2 added `Holding`, `Offer.idle_timeout_s` and what stands below it, `Welcome.spread_s`,
`Receipt.reboot` and the gaps of `Done`. Both sides leave out what the agreed version does not know."""

AS_SYSTEM = "system"
AS_USER = "user"

STDOUT = 0
STDERR = 1
STREAMS: tuple[str, ...] = ("stdout", "stderr")


@dataclass(frozen=True, slots=True)
class Incarnation:
    """One life of one data folder on one boot: a copy, a revert or a reboot makes another one."""

    journal_epoch: str
    journal_file: str
    boot_id: str


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """An attempt that this agent holds and for which no receipt has come, or one that has ended under another
    service epoch than the challenge's. `phase` is its journal phase."""

    attempt: str
    nonce: str
    phase: str


@dataclass(frozen=True, slots=True)
class OutputMark:
    """How much of an attempt's output the service has, in bytes."""

    attempt: str
    stdout: int
    stderr: int


@dataclass(frozen=True, slots=True)
class Metrics:
    """What an endpoint is doing now. Sizes in bytes, shares in percent of the whole machine."""

    cpu_percent: float
    memory_used: int
    memory_total: int
    disk_used: int
    disk_total: int
    uptime_s: int
    swap_used: int = 0


@dataclass(frozen=True, slots=True)
class Disk:
    mount: str
    file_system: str
    total: int
    used: int


@dataclass(frozen=True, slots=True)
class NetworkAddress:
    interface: str
    address: str
    mac: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What an endpoint is. Labels and hints only: none of this identifies it.

    `os_type` is `windows`, `linux` or `macos`; `os_name`, `os_version` are the system's own words;
    `languages` are the script languages that can run here (see `Offer.type`).
    """

    hostname: str
    os_type: str
    os_name: str
    os_version: str
    architecture: str
    cpu_model: str
    cpu_count: int
    memory_total: int
    agent_version: str
    languages: tuple[str, ...] = ()
    disks: tuple[Disk, ...] = ()
    addresses: tuple[NetworkAddress, ...] = ()
    serial: str = ""
    machine_id: str = ""
    manufacturer: str = ""
    model: str = ""
    time_zone: str = ""
    signed_in: tuple[str, ...] = ()
    booted_at: int = 0


# ---- service -> agent


@dataclass(frozen=True, slots=True)
class Challenge:
    """First frame of a channel. The agent answers with a `Hello` signed over `nonce` (64 hex digits)."""

    nonce: str
    wire_versions: tuple[int, ...]
    service_epoch: str


@dataclass(frozen=True, slots=True)
class Welcome:
    """`admission` is `pending`, `approved` or `quarantined`; only approved devices get offers.

    `marks` has one entry for every attempt of the hello that the service still wants output or an outcome
    of; `forget` names those it has a receipt for, or never heard of and never will accept. `spread_s`
    asks the agent to spread its next reconnect evenly over that time. `software_digest` is that of the
    newest SoftwareReport that the service has.
    """

    wire_version: int
    device_id: int
    admission: str
    heartbeat_s: float
    marks: tuple[OutputMark, ...] = ()
    forget: tuple[str, ...] = ()
    spread_s: float = 0.0
    software_digest: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The channel is refused and will be closed. `code` is one of `unknown_device`, `bad_signature`,
    `wire_version`, `retired`, `replaced`; `detail` is the sentence for a person."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class AdmissionChanged:
    admission: str


@dataclass(frozen=True, slots=True)
class Download:
    """A file that the service has for a step: GET `path` of the service with this device's TLS, in
    ranges, until `path` expires (an hour at least). `sha256` is 64 hex digits, `file_name` a plain one."""

    path: str
    sha256: str
    size: int
    file_name: str


@dataclass(frozen=True, slots=True)
class OfferFile:
    """A file that goes with an offer: `name` is the parameter's, `file_name` a plain one, content base64."""

    name: str
    file_name: str
    content: str


@dataclass(frozen=True, slots=True)
class Offer:
    """One step to execute once a permit is granted.

    `type` is the step type: `powershell`, `bash`, `sh`, `cmd`, `python` run `payload` as a script;
    `inventory`, `reboot`, `agent_uninstall` have no payload. `arguments` are handed on as a vector,
    `parameters` reach the script as `DF_<NAME>` variables and as the JSON file named by
    `DEPLOYFLOW_PARAMETERS`. `timeout_s` counts only time in which the machine is awake.

    `idle_timeout_s` ends a step that printed nothing for so long (0: never). `working_folder` is an
    absolute path that must be there (empty: the attempt's private folder). `run_as` is AS_SYSTEM or
    AS_USER, the signed-in person. `secrets` are parameters sealed to this device's key (base64); they
    reach the script only in the parameters file and are masked in its output. `files` lie in the private
    folder; their parameter's value is the path. A `parallel` step does not wait for others on this
    device. `detect` is a script in the same language that runs first: where it exits with 0 there is
    nothing to do, and the step has succeeded. `install_software` and `uninstall_software` have a
    `wire.software.SoftwareJob` as JSON in `payload`.
    """

    attempt: str
    type: str
    payload: str
    timeout_s: float
    arguments: tuple[str, ...] = ()
    parameters: dict[str, str | int | float | bool] = field(default_factory=dict)
    idle_timeout_s: float = 0.0
    working_folder: str = ""
    run_as: str = AS_SYSTEM
    secrets: dict[str, str] = field(default_factory=dict)
    files: tuple[OfferFile, ...] = ()
    parallel: bool = False
    detect: str = ""
    downloads: tuple[Download, ...] = ()


@dataclass(frozen=True, slots=True)
class PermitAnswer:
    """`answer` is `yes`, `no` or `cancelled`; after `cancelled` the agent takes the gate itself and
    reports NOT_STARTED, unless the gate is already there."""

    attempt: str
    nonce: str
    answer: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop the attempt: withdraw it if it has not started, else kill its whole process tree."""

    attempt: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """The outcome is committed; the agent may free the attempt's spool. `reboot` asks it to restart the
    machine once it has: the step announced that it needs it and the rollout says that it may."""

    attempt: str
    reboot: bool = False


@dataclass(frozen=True, slots=True)
class Resend:
    """Output is missing or damaged: send again from these offsets, then the outcome again."""

    attempt: str
    stdout: int
    stderr: int


# ---- agent -> service


@dataclass(frozen=True, slots=True)
class Hello:
    """Opens the channel. `signature` (128 hex digits, Ed25519) is over `codec.hello_signing_bytes`."""

    device_uid: str
    incarnation: Incarnation
    wire_versions: tuple[int, ...]
    agent_version: str
    signature: str
    open_attempts: tuple[OpenAttempt, ...] = ()


@dataclass(frozen=True, slots=True)
class FactsReport:
    facts: Facts


@dataclass(frozen=True, slots=True)
class SoftwareEntry:
    """Something that is installed. `source` is `registry`, `dpkg`, `rpm`, `snap`, `flatpak` or `apps`;
    `installed_on` is `YYYY-MM-DD` or empty."""

    name: str
    version: str = ""
    publisher: str = ""
    source: str = ""
    architecture: str = ""
    installed_on: str = ""


@dataclass(frozen=True, slots=True)
class SoftwareReport:
    """All that is installed, 5,000 items at most, sent when `digest` (64 hex digits over the sorted
    items) is not the one that the service has."""

    digest: str
    items: tuple[SoftwareEntry, ...]


@dataclass(frozen=True, slots=True)
class Heartbeat:
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Permit:
    """May this attempt start? The nonce is journalled before it is sent; asking again is harmless."""

    attempt: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Holding:
    """The agent has taken an offer but cannot ask for its permit yet. `reason` is `disk_low`, `no_user`
    (nobody is signed in) or empty once nothing holds it any more; `detail` is the sentence for a person."""

    attempt: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """How an attempt ended. Sizes and hashes are over what was kept (`stdout_total` counts everything
    the script wrote). `started_at` and `ended_at` are the agent's clock, for show; `duration_ms` is
    monotonic. `detail` is a sentence when the outcome needs one. Where output was left out, the gap lies
    after `stdout_gap` bytes of what was kept, and is `stdout_total - stdout_size` bytes wide."""

    attempt: str
    nonce: str
    outcome: str
    exit_code: int | None
    duration_ms: int
    started_at: int
    ended_at: int
    stdout_size: int
    stderr_size: int
    stdout_sha256: str
    stderr_sha256: str
    stdout_total: int
    stderr_total: int
    detail: str = ""
    stdout_gap: int = 0
    stderr_gap: int = 0


@dataclass(frozen=True, slots=True)
class OutputFrame:
    """A piece of raw output. `elapsed_ms` is the time since the script started."""

    attempt: str
    stream: int
    offset: int
    elapsed_ms: int
    data: bytes


ServiceMessage = (
    Challenge | Welcome | Refused | AdmissionChanged | Offer | PermitAnswer | Cancel | Receipt | Resend
)
AgentMessage = Hello | FactsReport | SoftwareReport | Heartbeat | Permit | Holding | Done

SERVICE_MESSAGES: dict[str, type[ServiceMessage]] = {
    "challenge": Challenge,
    "welcome": Welcome,
    "refused": Refused,
    "admission_changed": AdmissionChanged,
    "offer": Offer,
    "permit_answer": PermitAnswer,
    "cancel": Cancel,
    "receipt": Receipt,
    "resend": Resend,
}
AGENT_MESSAGES: dict[str, type[AgentMessage]] = {
    "hello": Hello,
    "facts": FactsReport,
    "software": SoftwareReport,
    "heartbeat": Heartbeat,
    "permit": Permit,
    "holding": Holding,
    "done": Done,
}
MESSAGE_NAMES: dict[type, str] = {kind: name for name, kind in (SERVICE_MESSAGES | AGENT_MESSAGES).items()}

# ---- enrolment (one HTTPS request: POST ENROLL_PATH)

ENROLL_PATH = "/api/v1/enroll"
CA_PATH = "/api/v1/enroll/ca"
CHANNEL_PATH = "/api/v1/agent/channel"
SERVICE_NAME = "service.deployflow.internal"


@dataclass(frozen=True, slots=True)
class EnrollRequest:
    """`public_key` is 64 hex digits; `signature` (Ed25519) is over `codec.enroll_signing_bytes`: it proves
    possession of the key and binds it to this token. Asking again with the same key gives the same answer
    and uses up nothing."""

    token: str
    public_key: str
    signature: str
    facts: Facts


@dataclass(frozen=True, slots=True)
class EnrollAnswer:
    """`fingerprint` is what a person compares in the window and on the endpoint (four words)."""

    device_id: int
    device_uid: str
    admission: str
    fingerprint: str
