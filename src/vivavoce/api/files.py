"""`/v1/files`: documents are uploaded here, before they are put into a vector store."""

from functools import partial

from aiohttp import BodyPartReader, web
from msgspec import Struct

from vivavoce.api.admission import AdmittedKey
from vivavoce.api.documents import Documents
from vivavoce.api.errors import error_response, json_response
from vivavoce.api.form_parts import check_encoding, reading_form
from vivavoce.api.paging import asked_page, list_answer
from vivavoce.errors import ProtocolError
from vivavoce.store.documents import KeptFile, find_file, list_files, read_file

PURPOSES = ("assistants", "user_data")
MAX_FILES_LISTED = 10_000
MAX_FIELD_BYTES = 1_024
_MB = 1_000_000
_READ_BYTES = 1 << 16
_MULTIPART_SPARE_BYTES = 64_000  # headers and boundaries around the file


class ShownFile(Struct, frozen=True, kw_only=True):
    """A file, as the vendor shows it."""

    id: str
    object: str = "file"
    bytes: int
    created_at: int
    filename: str
    purpose: str
    status: str = "processed"


class DeletedFile(Struct, frozen=True, kw_only=True):
    """What is left of a file."""

    id: str
    object: str = "file"
    deleted: bool = True


class TooLarge(Exception):  # noqa: N818 - a refusal on its way out
    """The upload is larger than the operator allows."""


class Files:
    """The handlers."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def index(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """List files."""
        try:
            page = asked_page(
                request,
                default_limit=MAX_FILES_LISTED,
                max_limit=MAX_FILES_LISTED,
                known=("purpose",),
            )
            purpose = request.query.get("purpose")
            found = await self._documents.database.run(
                partial(list_files, page=page, purpose=purpose)
            )
            return json_response(list_answer(found, _shown, lambda kept: kept.id))
        except ProtocolError as error:
            return error_response(400, error)

    async def add(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Keep an uploaded file."""
        try:
            filename, data, purpose = await self._uploaded(request)
        except TooLarge:
            limit = self._documents.max_file_bytes // _MB
            message = f"The file is larger than {limit} MB, the most that is kept here."
            return error_response(413, ProtocolError(message, code="file_too_large", param="file"))
        except ProtocolError as error:
            return error_response(400, error)
        return json_response(_shown(await self._documents.keep(filename, data, purpose)))

    async def show(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Return a file without its bytes."""
        file_id = request.match_info["file_id"]
        found = await self._documents.database.run(partial(find_file, file_id=file_id))
        return file_not_found(file_id) if found is None else json_response(_shown(found))

    async def content(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Return a file's bytes."""
        file_id = request.match_info["file_id"]
        data = await self._documents.database.run(partial(read_file, file_id=file_id))
        if data is None:
            return file_not_found(file_id)
        # Whatever it is, no browser shall run it as a page of ours.
        headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=data, content_type="application/octet-stream", headers=headers)

    async def remove(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Delete a file, also from the vector stores it is in."""
        file_id = request.match_info["file_id"]
        if not await self._documents.forget(file_id):
            return file_not_found(file_id)
        return json_response(DeletedFile(id=file_id))

    async def _uploaded(self, request: web.Request) -> tuple[str, bytes, str]:
        """Return name, bytes and purpose.

        Raises:
            TooLarge: the file is.
            ProtocolError: the form is not what it should be.
        """
        if request.content_type != "multipart/form-data":
            raise ProtocolError("A file is uploaded as multipart/form-data.", param="file")
        limit = self._documents.max_file_bytes
        if (request.content_length or 0) > limit + _MULTIPART_SPARE_BYTES:
            raise TooLarge
        fields: dict[str, str] = {}
        file: tuple[str, bytes] | None = None
        with reading_form("file"):
            async for part in await request.multipart():
                name = part.name if isinstance(part, BodyPartReader) else None
                if not isinstance(part, BodyPartReader) or name is None:
                    raise ProtocolError("The form holds a part without a name.", param="file")
                check_encoding(part)
                if name == "file":
                    file = _name_of(part), await _read_part(part, limit)
                else:
                    fields[name] = (await _read_part(part, MAX_FIELD_BYTES)).decode()
        if file is None:
            raise ProtocolError("Missing required parameter: 'file'.", param="file")
        return *file, _purpose(fields)


def file_not_found(file_id: str) -> web.Response:
    """Return the answer where there is no such file."""
    message = f"No such File object: {file_id[:100]}"
    return error_response(404, ProtocolError(message, code="file_not_found", param="id"))


async def _read_part(part: BodyPartReader, limit: int) -> bytes:
    pieces, size = [], 0
    while piece := await part.read_chunk(_READ_BYTES):
        size += len(piece)
        if size > limit:
            raise TooLarge
        pieces.append(piece)
    return b"".join(pieces)


def _name_of(part: BodyPartReader) -> str:
    if not part.filename:
        raise ProtocolError("The file needs a name: it says what kind it is.", param="file")
    return part.filename[-255:]


def _purpose(fields: dict[str, str]) -> str:
    for name in fields:
        if name != "purpose":
            raise ProtocolError(f"'{name[:100]}' is not supported here.", param=name[:100])
    purpose = fields.get("purpose")
    if purpose not in PURPOSES:
        names = " and ".join(f"'{known}'" for known in PURPOSES)
        raise ProtocolError(f"Only the purposes {names} are known here.", param="purpose")
    return purpose


def _shown(kept: KeptFile) -> ShownFile:
    return ShownFile(
        id=kept.id,
        bytes=kept.size_bytes,
        created_at=kept.created_at,
        filename=kept.filename,
        purpose=kept.purpose,
    )
