"""Who a running page belongs to, so that a copied address shows nothing to anybody else.

Streamlit keeps files offered for download, uploads and the state of an open page under identifiers that any signed-in
person could present. Each page therefore claims its runtime session for the session token it runs under (only the hash
is kept), and the guard lets an identifier through for that token alone. What is not claimed belongs to nobody.
"""

import hashlib
from collections import OrderedDict
from threading import Lock
from typing import Final

from streamlit import runtime
from streamlit.runtime import scriptrunner
from streamlit.runtime.memory_media_file_storage import _calculate_file_id

_LIMIT: Final = 20_000
_lock = Lock()
_owners: OrderedDict[str, bytes] = OrderedDict()
_handed_out: OrderedDict[tuple[str, bytes], None] = OrderedDict()


def claim(token: str) -> None:
    """Record that the page now running belongs to the session `token`; outside a running server there is none."""
    context = scriptrunner.get_script_run_ctx(suppress_warning=True)
    if context is None or not runtime.exists():
        return
    with _lock:
        _owners[context.session_id] = _hash(token)
        _owners.move_to_end(context.session_id)
        while len(_owners) > _LIMIT:
            _owners.popitem(last=False)


def owns_page(token: str, page: str) -> bool:
    """Whether the runtime session `page` was claimed by `token`."""
    with _lock:
        return _owners.get(page) == _hash(token)


def hand_out(token: str, content: bytes, mime: str, name: str) -> None:
    """Record that a file made at the click on its download button is for `token` alone."""
    # Streamlit names such a file by its content, and knows no page of it.
    file = _calculate_file_id(content, mime, name), _hash(token)
    with _lock:
        _handed_out[file] = None
        _handed_out.move_to_end(file)
        while len(_handed_out) > _LIMIT:
            _handed_out.popitem(last=False)


def owns_media(token: str, file_name: str) -> bool:
    """Whether a page of `token` now offers the media file `<id>.<extension>`, or handed it out."""
    if not runtime.exists():
        return False
    file_id = file_name.partition(".")[0]
    with _lock:
        if (file_id, _hash(token)) in _handed_out:
            return True
    # The manager has no public way to ask which pages offer a file.
    offered = runtime.get_instance().media_file_mgr._files_by_session_and_coord
    pages = [page for page, files in list(offered.items()) if file_id in list(files.values())]
    return any(owns_page(token, page) for page in pages)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
