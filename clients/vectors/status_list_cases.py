"""The cases of status_lists.json."""

import gzip
import json
import zlib

from signing import encode, kid_of, public_key, sign, sign_hs256_with
from world import (
    ISSUER,
    LARGE_LIST,
    LIST,
    LISTS,
    NOW,
    REVOKED_LIST,
    UNKNOWN_LIST,
    bitmap,
    lst_of,
    status_list_claims,
    status_list_header,
    status_list_token,
    uri_of,
)

BOMB_MIB = 64  # unpacked; a list has 2 MiB at most


def cases():
    yield from accepted()
    for name, jwt in refused():
        yield {"name": name, "uri": uri_of(LIST), "jwt": jwt, "outcome": "refused"}


def accepted():
    """With what the list says: its slots, and which are revoked (for the list of a revoked key: all)."""
    for name, list_id, jwt in (
        ("1,024 slots", LIST, status_list_token(LIST)),
        ("1,048,576 slots, EdDSA", LARGE_LIST, status_list_token(LARGE_LIST, "status_list_eddsa")),
        ("every slot revoked", REVOKED_LIST, status_list_token(REVOKED_LIST)),
        ("typ spelled application/statuslist+jwt", LIST, made(typ="application/statuslist+jwt")),
        ("iat 5 s ahead", LIST, of(iat=NOW + 5)),
        ("exp in 1 s", LIST, of(exp=NOW + 1)),
        ("ttl missing", LIST, of(ttl=...)),
        ("iss is ours", LIST, of(iss=ISSUER)),
        ("least compression", LIST, of_bytes(zlib.compress(bitmap(*LISTS[LIST]), 0))),
    ):
        slots, revoked = LISTS[list_id]
        yield {
            "name": name,
            "uri": uri_of(list_id),
            "jwt": jwt,
            "outcome": "accepted",
            "slots": slots,
            "revoked": "all" if len(revoked) == slots else sorted(revoked),
        }


def made(key="status_list_es256", **header):
    return sign(key, status_list_header(key, **header), status_list_claims(LIST))


def of(**claims):
    return sign("status_list_es256", status_list_header(), status_list_claims(LIST, **claims))


def of_list(**members):
    plain = {"bits": 1, "lst": lst_of(bitmap(*LISTS[LIST]))} | members
    return of(status_list={name: value for name, value in plain.items() if value is not ...})


def of_bytes(packed):
    return of_list(lst=encode(packed))


def refused():
    good = status_list_token(LIST)
    head, body, _ = good.split(".")
    other_body = encode(status_list_claims(LIST, status_list={"bits": 1, "lst": lst_of(bytes(128))}))
    yield "empty", ""
    yield "no JWT", "<html>It works!</html>"
    yield "signature of another list", f"{head}.{body}.{status_list_token(LARGE_LIST).split('.')[2]}"
    yield "bits taken back, old signature", f"{head}.{other_body}.{good.split('.')[2]}"
    yield "alg none", f"{encode(status_list_header(alg='none'))}.{body}."
    yield "HS256 with an empty key", sign_hs256_with(b"", status_list_header(alg="HS256"), status_list_claims(LIST))
    yield "signed by an access key", made("access_es256")
    yield "signed by an access key under the status list kid", sign(
        "access_es256", status_list_header(), status_list_claims(LIST)
    )
    yield "signed by a key that is not published", made("unpublished_es256")
    yield "unpublished key in the header's jwk", made("unpublished_es256", jwk=public_key("unpublished_es256"))
    yield "kid missing", made(kid=...)
    yield "kid of an access key", made(kid=kid_of("access_es256"))
    for typ in ("JWT", "at+jwt", "statuslist+cwt", ...):
        yield f"typ {'missing' if typ is ... else typ}", made(typ=typ)
    yield "crit", made(crit=["exp"])
    yield "padded", good + "="
    yield "another list, rightly signed", status_list_token(LARGE_LIST)
    for name, value in {
        "of another list": uri_of(UNKNOWN_LIST),
        "with a slash after it": uri_of(LIST) + "/",
        "in capitals": uri_of(LIST).upper(),
        "missing": ...,
        "is an array": [uri_of(LIST)],
    }.items():
        yield f"sub {name}", of(sub=value)
    for name, value in {
        "passed 0 s ago": NOW,
        "passed": NOW - 1,
        "is a text": str(NOW + 60),
        "is a fraction": NOW + 60.5,
        "missing": ...,
    }.items():
        yield f"exp {name}", of(exp=value)
    for name, value in {"6 s ahead": NOW + 6, "an hour ahead": NOW + 3600, "is a text": str(NOW), "missing": ...}.items():
        yield f"iat {name}", of(iat=value)
    yield "iss of another", of(iss="https://evil.example")
    yield "ttl is a text", of(ttl="5")
    yield "ttl is negative", of(ttl=-5)
    yield "status_list missing", of(status_list=...)
    yield "status_list is a text", of(status_list="eNrbuRgAAhcBXQ")
    for bits in (2, 4, 0, -1, 3, "1", True, 1.5, ...):
        yield f"bits {'missing' if bits is ... else repr(bits)}", of_list(bits=bits)
    yield from wrong_lst()
    text = sign(
        "status_list_es256",
        status_list_header(),
        with_two_exp(status_list_claims(LIST), status_list_claims(LIST, exp=NOW - 1)),
    )
    yield "claims with two exp", text


def with_two_exp(claims, other):
    return (json.dumps(claims)[:-1] + f',"exp":{other["exp"]}' + "}").encode()


def wrong_lst():
    plain = bitmap(*LISTS[LIST])
    packed = zlib.compress(plain, 9)
    yield "lst missing", of_list(lst=...)
    yield "lst is empty", of_list(lst="")
    yield "lst is no text", of_list(lst=[1, 2, 3])
    yield "lst is not base64url", of_list(lst=encode(packed)[:-1] + "*")
    yield "lst is padded", of_list(lst=encode(packed) + "=")
    yield "lst is no zlib", of_list(lst=encode(plain))
    yield "lst is raw deflate", of_bytes(packed[2:-4])
    yield "lst is gzip", of_bytes(gzip.compress(plain, mtime=0))
    yield "lst is cut short", of_bytes(packed[:-5])
    yield "lst without its checksum", of_bytes(packed[:-4])
    yield "lst with a wrong checksum", of_bytes(packed[:-1] + bytes([packed[-1] ^ 1]))
    yield "lst with garbage after it", of_bytes(packed + b"garbage")
    yield "lst is two streams", of_bytes(packed + packed)
    yield "lst unpacks to nothing", of_bytes(zlib.compress(b"", 9))
    yield f"lst unpacks to {BOMB_MIB} MiB", of_bytes(zlib.compress(bytes(BOMB_MIB << 20), 9))
