"""Parts of a sound, as some browsers ask for it: without them they play nothing."""

import re

from starlette.responses import Response

_RANGE = re.compile(r"bytes=(\d{0,12})-(\d{0,12})")


def ranged(content: bytes, media_type: str, wanted: str) -> Response:
    """Return the part of `content` that a Range header wants (206), all of it (200), or that there is none (416)."""
    found = _RANGE.fullmatch(wanted.strip())
    if found is None or not any(found.groups()):
        return Response(content, media_type=media_type, headers={"Accept-Ranges": "bytes"})
    size, (first, last) = len(content), found.groups()
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last), size - 1) if first and last else size - 1
    if start > end:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
    headers = {"Accept-Ranges": "bytes", "Content-Range": f"bytes {start}-{end}/{size}"}
    return Response(content[start : end + 1], 206, headers, media_type)
