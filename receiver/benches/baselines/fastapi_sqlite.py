"""FastAPI: Basic credentials, the body read as JSON, one row a message, committed with synchronous=FULL.

FILE=... CREDENTIAL=username:password uvicorn fastapi_sqlite:app
"""
import json
import os
import secrets
import sqlite3
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPBasic, HTTPBasicCredentials

USERNAME, PASSWORD = os.environ["CREDENTIAL"].encode().split(b":", 1)
database = sqlite3.connect(os.environ["FILE"], check_same_thread=False)
database.executescript(
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE IF NOT EXISTS message (body TEXT)"
)
app = FastAPI()


@app.post("/hook")
async def hook(request: Request, given: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]):
    right = secrets.compare_digest(given.username.encode(), USERNAME)
    if not (secrets.compare_digest(given.password.encode(), PASSWORD) and right):
        raise HTTPException(401)
    message = await request.json()
    with database:
        database.execute("INSERT INTO message VALUES (?)", (json.dumps(message),))
    return {"ok": True}
