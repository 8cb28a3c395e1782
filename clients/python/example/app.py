"""An API that trusts Postern's tokens. Run it with: uvicorn app:app

POSTERN_ISSUER          https://auth.example.com
POSTERN_AUDIENCE        https://api.example.com
POSTERN_CLIENT_ID, POSTERN_CLIENT_SECRET    for the revocation feed
POSTERN_SERVER_URL      where Postern is reached, if not at the issuer
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Response

from postern_verifier import AccessToken, Verifier
from postern_verifier.fastapi import require

verifier = Verifier(
    os.environ["POSTERN_ISSUER"],
    os.environ["POSTERN_AUDIENCE"],
    client_id=os.environ.get("POSTERN_CLIENT_ID"),
    client_secret=os.environ.get("POSTERN_CLIENT_SECRET"),
    server_url=os.environ.get("POSTERN_SERVER_URL"),
)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    with verifier:
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/orders")
async def orders(caller: Annotated[AccessToken, Depends(require(verifier))]) -> dict[str, object]:
    return {"account": caller.subject, "client": caller.client_id, "orders": []}


@app.post("/orders")
async def place_order(caller: Annotated[AccessToken, Depends(require(verifier, scopes=["orders:write"]))]) -> dict[str, str]:
    return {"placed_by": caller.subject}


@app.get("/reports")
async def reports(caller: Annotated[AccessToken, Depends(require(verifier, roles=["admin", "auditor"]))]) -> dict[str, str]:
    return {"read_by": caller.subject}


@app.get("/readyz")
def ready(response: Response) -> dict[str, object]:
    status = verifier.status()
    response.status_code = 200 if status.keys and (status.feed_is_live or status.feed_problem is None) else 503
    return {"keys": status.keys, "lists": status.lists, "feed_is_live": status.feed_is_live}
