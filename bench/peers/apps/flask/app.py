"""A login as one writes it by hand: Flask-JWT-Extended as its documentation shows it, with refresh tokens and a blocklist,
users in SQLite. BENCH_DATABASE names the file, BENCH_SECRET the key of the tokens; BENCH_HASH=equal takes Argon2id at
OWASP's parameters in place of Werkzeug's own hash."""

import os
import sqlite3
import threading

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from flask import Flask, jsonify, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jwt,
    get_jwt_identity,
    jwt_required,
)
from werkzeug.security import check_password_hash, generate_password_hash

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["BENCH_SECRET"]
jwt = JWTManager(app)
argon2 = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
equal_hash = os.environ.get("BENCH_HASH") == "equal"
of_thread = threading.local()

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, password TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS blocklist (jti TEXT PRIMARY KEY, created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
"""


def database():
    """A connection for each thread, kept; each statement is a transaction. In SQLite's write-ahead mode, as everybody
    advises who writes from several processes."""
    if not hasattr(of_thread, "connection"):
        of_thread.connection = sqlite3.connect(os.environ["BENCH_DATABASE"], timeout=10, isolation_level=None)
        of_thread.connection.execute("PRAGMA journal_mode = WAL")
    return of_thread.connection


def hashed(password):
    return argon2.hash(password) if equal_hash else generate_password_hash(password)


def matches(stored, password):
    if not equal_hash:
        return check_password_hash(stored, password)
    try:
        return argon2.verify(stored, password)
    except VerifyMismatchError:
        return False


@jwt.token_in_blocklist_loader
def is_revoked(_header, payload):
    return database().execute("SELECT 1 FROM blocklist WHERE jti = ?", (payload["jti"],)).fetchone() is not None


@app.post("/register")
def register():
    email, password = request.json["email"], request.json["password"]
    database().execute("INSERT INTO users (email, password) VALUES (?, ?)", (email, hashed(password)))
    return jsonify(msg="registered")


@app.post("/login")
def login():
    row = database().execute("SELECT id, password FROM users WHERE email = ?", (request.json["email"],)).fetchone()
    if row is None or not matches(row[1], request.json["password"]):
        return jsonify(msg="Invalid email or password"), 401
    identity = str(row[0])
    return jsonify(access_token=create_access_token(identity), refresh_token=create_refresh_token(identity))


@app.post("/refresh")
@jwt_required(refresh=True)
def refresh():
    return jsonify(access_token=create_access_token(get_jwt_identity()))


@app.get("/me")
@jwt_required()
def me():
    return jsonify(id=get_jwt_identity())


@app.delete("/logout")
@jwt_required()
def logout():
    database().execute("INSERT INTO blocklist (jti) VALUES (?)", (get_jwt()["jti"],))
    return jsonify(msg="Access token revoked")


@app.get("/healthz")
def healthz():
    return jsonify(msg="ok")


with app.app_context():
    database().executescript(SCHEMA)
    of_thread.connection.close()
    del of_thread.connection  # gunicorn may load this before it forks, and SQLite's connections do not survive that
