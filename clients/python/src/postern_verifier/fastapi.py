"""FastAPI: a dependency that lets a request in by its access token, and answers as RFC 6750 section 3 says.

    verifier = Verifier(...)

    @app.get("/orders")
    async def orders(caller: Annotated[AccessToken, Depends(require(verifier, scopes=["orders:read"]))]): ...
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated

from fastapi import HTTPException, Request, Security
from fastapi.security import HTTPBearer

from .claims import AccessToken
from .errors import InvalidToken, Unavailable
from .verifier import Verifier

RETRY_AFTER = "1"  # seconds
_CREDENTIALS = re.compile(r"bearer +([A-Za-z0-9\-._~+/]+=*)", re.IGNORECASE | re.ASCII)
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+", re.ASCII)  # RFC 6749 section 3.3


def require(
    verifier: Verifier, *, scopes: Iterable[str] = (), roles: Iterable[str] = ()
) -> Callable[..., Awaitable[AccessToken]]:
    """A dependency that gives the accepted token: one that has all of `scopes`, and one of `roles` if there are any.

    401 without a token or with one that is not accepted, 403 when it does not reach, 503 when that cannot be known now.
    """
    wanted_scopes, wanted_roles = _listed(scopes), _listed(roles)

    async def dependency(
        request: Request, _: Annotated[object, Security(HTTPBearer(auto_error=False, bearerFormat="JWT"))]
    ) -> AccessToken:
        try:
            token = await verifier.verify_async(_token_of(request))
        except InvalidToken as error:
            raise _refusal(401, str(error), error="invalid_token") from None
        except Unavailable as error:
            raise HTTPException(503, str(error), {"Retry-After": RETRY_AFTER}) from None
        if not token.has_scopes(wanted_scopes):
            raise _refusal(403, "The token lacks a scope", error="insufficient_scope", scope=" ".join(wanted_scopes))
        if wanted_roles and not token.has_any_role(wanted_roles):
            raise _refusal(403, "The token lacks a role", error="insufficient_scope")
        return token

    return dependency


def _listed(words: Iterable[str]) -> tuple[str, ...]:
    listed = tuple([words] if isinstance(words, str) else words)
    for word in listed:
        if not _SCOPE.fullmatch(word):
            raise ValueError(f"{word!r} is not one scope or role")
    return listed


def _token_of(request: Request) -> str:
    headers = request.headers.getlist("authorization")
    if len(headers) > 1:
        raise _refusal(400, "There is more than one Authorization header", error="invalid_request")
    if not headers or headers[0].partition(" ")[0].lower() != "bearer":
        raise _refusal(401, "Missing Authorization header with a Bearer token")
    found = _CREDENTIALS.fullmatch(headers[0])
    if found is None:
        raise _refusal(401, "The Authorization header holds no Bearer token", error="invalid_token")
    return found[1]


def _refusal(status: int, message: str, **parameters: str) -> HTTPException:
    """`message` and the parameters hold nothing from the request."""
    if parameters:
        parameters = {"error": parameters.pop("error"), "error_description": message} | parameters
    challenge = "Bearer " + ", ".join(f'{name}="{value}"' for name, value in parameters.items())
    return HTTPException(status, message, {"WWW-Authenticate": challenge.strip()})
