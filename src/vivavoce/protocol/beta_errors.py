"""Errors in the words of a Beta client: it must find what it sent in `param` (70-beta-vs-ga)."""

from collections.abc import Mapping

from msgspec import structs

from vivavoce.protocol.server_events import ErrorDetail

_PATHS: Mapping[str, str] = {
    "session.audio.input.format": "session.input_audio_format",
    "session.audio.input.transcription": "session.input_audio_transcription",
    "session.audio.input.noise_reduction": "session.input_audio_noise_reduction",
    "session.audio.input.turn_detection": "session.turn_detection",
    "session.audio.output.format": "session.output_audio_format",
    "session.audio.output.voice": "session.voice",
    "session.audio.output.speed": "session.speed",
    "session.output_modalities": "session.modalities",
    "session.max_output_tokens": "session.max_response_output_tokens",
    "response.audio.output.format": "response.output_audio_format",
    "response.audio.output.voice": "response.voice",
    "response.output_modalities": "response.modalities",
}
"""By GA's path; what lies below one lies below the other."""
_WITHOUT_CODE = "conversation_already_has_active_response"


def error_to_beta(error: ErrorDetail) -> ErrorDetail:
    """Return the error with Beta's path, in the message too; one code did not exist yet."""
    code = None if error.code == _WITHOUT_CODE else error.code
    if error.param is None:
        return structs.replace(error, code=code)
    param = param_to_beta(error.param)
    message = error.message.replace(f"'{error.param}'", f"'{param}'")
    return structs.replace(error, code=code, param=param, message=message)


def param_to_beta(param: str) -> str:
    """Return the path at which a Beta client has what GA has at `param`."""
    for path, flat in _PATHS.items():
        if param == path or param.startswith((f"{path}.", f"{path}[")):
            return flat + param[len(path) :]
    return param
