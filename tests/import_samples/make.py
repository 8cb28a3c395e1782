#!/usr/bin/env python3
"""Makes the samples beside this file: exports of other systems, hashed by the libraries that those systems use.

    python3 -m venv VENV && VENV/bin/pip install Django==5.2.19 bcrypt==5.0.0 argon2-cffi==25.1.0 passlib==1.7.4 Werkzeug==3.1.9
    VENV/bin/python tests/import_samples/make.py

The samples are kept, so that the tests need none of this. Each user's password is "<name>s quiet harbour at dusk".
"""

import base64
import csv
import hashlib
import io
import json
import pathlib

import argon2
import bcrypt
import django
import passlib.hash
from argon2.low_level import Type, hash_secret_raw
from django.conf import settings
from django.core.management import call_command
from werkzeug.security import generate_password_hash

FOLDER = pathlib.Path(__file__).resolve().parent


def password(name):
    return f"{name}s quiet harbour at dusk"


def write(name, text):
    (FOLDER / name).write_text(text, encoding="utf-8")


def write_csv(name, rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write(name, text.getvalue())


def uuid(number):
    return f"0c5f3a52-7d1e-4f7b-9a51-{number:012x}"


def make_flask():
    """A table of a Flask application: what Werkzeug's generate_password_hash() makes, old and new."""
    methods = {
        "fay": "scrypt",
        "finn": "pbkdf2",
        "flo": "pbkdf2:sha256:50000",
        "fritz": "pbkdf2:sha1:1000",
        "fia": "pbkdf2:sha512:20000",
        "frank": "scrypt:16384:8:1",
    }
    rows = [
        {
            "id": number,
            "email": f"{name}@flask.example",
            "username": name,
            "password_hash": generate_password_hash(password(name), method),
            "is_active": True,
            "created_at": "2023-04-05 06:07:08.912345",
        }
        for number, (name, method) in enumerate(methods.items(), 1)
    ]
    write_csv("flask_users.csv", rows)
    renamed = [
        {
            "contact": f"{name}2@flask.example",
            "secret": generate_password_hash(password(name + "2"), method),
            "confirmed": True,
        }
        for name, method in methods.items()
    ]
    write("flask_users.ndjson", "".join(json.dumps(row) + "\n" for row in renamed))


def make_django():
    """auth_user of a real Django, over each of its hashers, as `dumpdata` and as CSV."""
    settings.configure(
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
        },
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        USE_TZ=True,
        PASSWORD_HASHERS=[
            "django.contrib.auth.hashers." + name
            for name in (
                "PBKDF2PasswordHasher",
                "PBKDF2SHA1PasswordHasher",
                "Argon2PasswordHasher",
                "BCryptSHA256PasswordHasher",
                "BCryptPasswordHasher",
                "ScryptPasswordHasher",
            )
        ],
    )
    django.setup()
    call_command("migrate", verbosity=0)
    from django.contrib.auth.hashers import make_password
    from django.contrib.auth.models import User
    from django.db import connection

    hashers = {
        "dana": "pbkdf2_sha256",
        "dora": "pbkdf2_sha1",
        "dirk": "argon2",
        "dawn": "bcrypt_sha256",
        "dean": "bcrypt",
        "duke": "scrypt",
    }
    for name, hasher in hashers.items():
        User.objects.create(
            username=name,
            email=f"{name}@django.example",
            first_name=name.title(),
            last_name="Django",
            is_superuser=name == "dana",
            is_staff=name == "dana",
            password=make_password(password(name), hasher=hasher),
        )
    User.objects.create_user(
        "dumb", "dumb@django.example"
    )  # without a password that could be used
    User.objects.create_user(
        "dorm", "dorm@django.example", password("dorm"), is_active=False
    )
    User.objects.create_user("nobody")  # without an address
    dumped = io.StringIO()
    call_command("dumpdata", "auth", indent=2, stdout=dumped)
    write("django_dumpdata.json", dumped.getvalue())
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM auth_user")
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row)) for row in cursor.fetchall()]
    for row in rows:  # another file, other people
        row["email"] = row["email"].replace("@", "2@")
    write_csv("django_auth_user.csv", rows)


GOTRUE_COLUMNS = [
    "instance_id",
    "id",
    "aud",
    "role",
    "email",
    "encrypted_password",
    "email_confirmed_at",
    "invited_at",
    "confirmation_token",
    "confirmation_sent_at",
    "recovery_token",
    "recovery_sent_at",
    "email_change_token_new",
    "email_change",
    "email_change_sent_at",
    "last_sign_in_at",
    "raw_app_meta_data",
    "raw_user_meta_data",
    "is_super_admin",
    "created_at",
    "updated_at",
    "phone",
    "phone_confirmed_at",
    "phone_change",
    "phone_change_token",
    "phone_change_sent_at",
    "confirmed_at",
    "email_change_token_current",
    "email_change_confirm_status",
    "banned_until",
    "reauthentication_token",
    "reauthentication_sent_at",
    "is_sso_user",
    "deleted_at",
    "is_anonymous",
]


def gotrue_user(number, name, stored, **more):
    moment = "2023-04-05 06:07:08.912345+00"
    row = dict.fromkeys(GOTRUE_COLUMNS)
    return (
        row
        | {
            "instance_id": "00000000-0000-0000-0000-000000000000",
            "id": uuid(number),
            "aud": "authenticated",
            "role": "authenticated",
            "email": f"{name}@gotrue.example",
            "encrypted_password": stored,
            "email_confirmed_at": moment,
            "confirmed_at": moment,
            "confirmation_token": "",
            "raw_app_meta_data": '{"provider": "email", "providers": ["email"]}',
            "raw_user_meta_data": '{"full_name": "A, \\"quoted\\" name"}',
            "created_at": moment,
            "updated_at": moment,
            "email_change_confirm_status": 0,
            "is_sso_user": "f",
            "is_anonymous": "f",
        }
        | more
    )


def make_gotrue():
    """auth.users as psql writes it: CSV with its header, and a JSON object for each row."""

    def bcrypted(name, cost=10):
        return bcrypt.hashpw(
            password(name).encode(), bcrypt.gensalt(cost, b"2a")
        ).decode()

    rows = [
        gotrue_user(1, "gina", bcrypted("gina")),
        gotrue_user(2, "gus", argon2.PasswordHasher(2, 19456, 1).hash(password("gus"))),
        gotrue_user(
            3, "gone", bcrypted("gone", 4), deleted_at="2024-01-01 00:00:00+00"
        ),
        gotrue_user(
            4, "gary", bcrypted("gary", 4), banned_until="2999-01-01 00:00:00+00"
        ),
        gotrue_user(
            5, "greta", bcrypted("greta", 4), email_confirmed_at=None, confirmed_at=None
        ),
        gotrue_user(6, "anonymous", "", email=None, is_anonymous="t"),
        gotrue_user(7, "gil", ""),
    ]
    write_csv("gotrue_users.csv", rows)
    for row in rows:
        row["id"] = row["id"].replace("0c5f3a52", "1c5f3a52")
        row["email"] = row["email"] and row["email"].replace("@", "2@")
        row["is_anonymous"] = row["is_anonymous"] == "t"
        row["raw_user_meta_data"] = json.loads(row["raw_user_meta_data"])
    write("gotrue_users.ndjson", "".join(json.dumps(row) + "\n" for row in rows))


def keycloak_user(number, name, credentials, **more):
    return {
        "id": uuid(0x1000 + number),
        "username": name,
        "firstName": name.title(),
        "lastName": "Keycloak",
        "email": f"{name}@keycloak.example",
        "emailVerified": True,
        "createdTimestamp": 1680674828912,
        "enabled": True,
        "totp": False,
        "attributes": {"locale": ["de"]},
        "credentials": credentials,
        "disableableCredentialTypes": [],
        "requiredActions": [],
        "realmRoles": ["default-roles-acme"],
        "notBefore": 0,
        "groups": [],
    } | more


def keycloak_credential(value, salt, iterations, algorithm, parameters):
    return {
        "id": uuid(0x2000),
        "type": "password",
        "userLabel": "My password",
        "createdDate": 1680674828912,
        "secretData": json.dumps(
            {
                "value": base64.b64encode(value).decode(),
                "salt": base64.b64encode(salt).decode(),
                "additionalParameters": {},
            }
        ),
        "credentialData": json.dumps(
            {
                "hashIterations": iterations,
                "algorithm": algorithm,
                "additionalParameters": parameters,
            }
        ),
    }


def make_keycloak():
    """A realm's export, and the users of the admin API, which tells no passwords."""

    def pbkdf2(name, algorithm, digest, iterations):
        salt = hashlib.sha256(name.encode()).digest()[:16]
        value = hashlib.pbkdf2_hmac(
            digest, password(name).encode(), salt, iterations, 64
        )
        return keycloak_credential(value, salt, iterations, algorithm, {})

    def argon(name):
        salt = hashlib.sha256(name.encode()).digest()[:16]
        value = hash_secret_raw(password(name).encode(), salt, 5, 7168, 1, 32, Type.ID)
        parameters = {
            "hashLength": ["32"],
            "memory": ["7168"],
            "type": ["id"],
            "version": ["1.3"],
            "parallelism": ["1"],
        }
        return keycloak_credential(value, salt, 5, "argon2", parameters)

    one_time = {
        "id": uuid(0x2001),
        "type": "otp",
        "secretData": '{"value":"x"}',
        "credentialData": "{}",
    }
    users = [
        keycloak_user(1, "kara", [one_time, argon("kara")]),
        keycloak_user(2, "kim", [pbkdf2("kim", "pbkdf2-sha256", "sha256", 27500)]),
        keycloak_user(
            3,
            "kurt",
            [pbkdf2("kurt", "pbkdf2-sha512", "sha512", 30000)],
            emailVerified=False,
        ),
        keycloak_user(4, "kai", [pbkdf2("kai", "pbkdf2", "sha1", 20000)]),
        keycloak_user(
            5, "kate", [pbkdf2("kate", "pbkdf2-sha256", "sha256", 1000)], enabled=False
        ),
        keycloak_user(6, "kyle", []),
        keycloak_user(
            7, "klaus", [keycloak_credential(b"x" * 16, b"y" * 16, 1, "md5", {})]
        ),
        {
            "id": uuid(0x1008),
            "username": "service-account-reports",
            "enabled": True,
            "createdTimestamp": 1680674828912,
            "serviceAccountClientId": "reports",
            "credentials": [],
        },
    ]
    realm = {
        "id": "acme",
        "realm": "acme",
        "notBefore": 0,
        "roles": {"realm": [{"name": "users", "composite": False, "attributes": {}}]},
        "users": users,
        "scopeMappings": [
            {"clientScope": "offline_access", "roles": ["offline_access"]}
        ],
        "clients": [
            {
                "clientId": "account",
                "redirectUris": ["/realms/acme/account/*"],
                "attributes": {},
            }
        ],
    }
    write("keycloak_realm.json", json.dumps(realm, indent=2) + "\n")
    listed = [
        keycloak_user(0x100, "list", []) | {"access": {"manageGroupMembership": True}}
    ]
    del listed[0]["credentials"]
    write("keycloak_users.json", json.dumps(listed) + "\n")


def make_plain():
    """An address and a hash: what can be had from anything else."""
    hashes = {
        "pia": bcrypt.hashpw(
            password("pia").encode(), bcrypt.gensalt(6, b"2b")
        ).decode(),
        "paul": bcrypt.hashpw(
            password("paul").encode(), bcrypt.gensalt(6, b"2a")
        ).decode(),
        "pam": bcrypt.hashpw(password("pam").encode(), bcrypt.gensalt(6))
        .decode()
        .replace("$2b$", "$2y$"),
        "pete": argon2.PasswordHasher(3, 8192, 1, type=Type.ID).hash(password("pete")),
        "peg": argon2.PasswordHasher(3, 8192, 1, type=Type.I).hash(password("peg")),
        "phil": passlib.hash.pbkdf2_sha256.hash(password("phil")),
        "pola": passlib.hash.scrypt.using(rounds=12).hash(password("pola")),
        "prue": passlib.hash.pbkdf2_sha512.hash(password("prue")),
        "md": "$1$abcdefgh$0000000000000000000000",
        "huge": "$argon2id$v=19$m=67108864,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b5dWRWJTmaaJObGAAAAAAAAAAA",
    }
    write_csv(
        "plain.csv",
        [
            {"email": f"{name}@plain.example", "hash": stored}
            for name, stored in hashes.items()
        ],
    )


if __name__ == "__main__":
    make_flask()
    make_django()
    make_gotrue()
    make_keycloak()
    make_plain()
