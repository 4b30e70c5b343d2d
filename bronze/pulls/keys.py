"""A key goes into the question below the client, and is shown nowhere: no log, no error."""

from urllib.parse import quote, quote_plus

import httpx

from bronze.pulls.parts import Secret

# The name of the extension of a question that carries its key.
SECRET = "eliq_secret"


class WithSecret(httpx.BaseTransport):
    """Puts the key into the question below the client, whose log and errors show its address."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Ask with the key; what was given stays without it."""
        secret: Secret | None = request.extensions.get(SECRET)
        if secret is None:
            return self._inner.handle_request(request)
        url, headers = request.url, request.headers.copy()
        if secret.parameter:
            url = url.copy_merge_params({secret.parameter: plain(secret)})
        else:
            headers[secret.header] = plain(secret)
        rest = {name: v for name, v in request.extensions.items() if name != SECRET}
        asked = httpx.Request(request.method, url, headers=headers, extensions=rest)
        return self._inner.handle_request(asked)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def redacted(text: str, secret: Secret | None) -> str:
    """Return a text without the key, plain or as it stands in an address."""
    key = plain(secret) if secret else ""
    for form in {key, quote(key, safe=""), quote_plus(key)} - {""}:
        text = text.replace(form, "***")
    return text


def plain(secret: Secret) -> str:
    """Return a key without the white space that copying adds."""
    return "".join(secret.text.get_secret_value().split())
