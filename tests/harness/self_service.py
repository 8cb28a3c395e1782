"""What people do with their own account, over HTTP and through a real mailbox."""

from harness.client import BASE, Client, bearer


class Person(Client):
    """A client for the self-service endpoints; `mail_server` is where its mail arrives."""

    def __init__(self, server, mail_server):
        super().__init__(server.port, tls=server.site.tls)
        self.mail_server = mail_server

    def post(self, path, body=None, access=None, headers=()):
        headers = dict(headers) | (bearer(access) if access else {})
        return self.call("POST", BASE + path, headers=headers, body=body)

    def sign_up(self, email, password, headers=(), **more):
        return self.post("/signup", {"email": email, "password": password, **more}, headers=headers)

    def verify(self, token):
        return self.post("/email/verify", {"token": token})

    def forgot(self, email, headers=()):
        return self.post("/password/forgot", {"email": email}, headers=headers)

    def reset(self, token, password):
        return self.post("/password/reset", {"token": token, "password": password})

    def change_password(self, access, current, new):
        return self.post(
            "/password/change",
            {"current_password": current, "new_password": new},
            access,
        )

    def change_email(self, access, new_email, password):
        return self.post("/email/change", {"new_email": new_email, "password": password}, access)

    def confirm_email(self, token):
        return self.post("/email/confirm", {"token": token})

    def change_me(self, access, **fields):
        return self.call("PATCH", f"{BASE}/me", headers=bearer(access), body=fields)

    def delete_me(self, access, password):
        return self.call("DELETE", f"{BASE}/me", headers=bearer(access), body={"password": password})

    def sessions(self, access):
        answer = self.call("GET", f"{BASE}/sessions", headers=bearer(access))
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json()["sessions"]

    def end_session(self, access, session):
        return self.call("DELETE", f"{BASE}/sessions/{session}", headers=bearer(access))

    def end_other_sessions(self, access):
        return self.call("DELETE", f"{BASE}/sessions", headers=bearer(access))

    def log_out(self, access):
        return self.post("/logout", access=access)

    def newest_token(self, email, *, count=1):
        """The token of the newest mail to `email`, once `count` have come."""
        return self.mail_server.wait_for(email, count=count).token()

    def signed_up(self, email, password, **more):
        """Signs up and verifies, expecting success."""
        assert self.sign_up(email, password, **more).status == 202
        assert self.verify(self.newest_token(email)).status == 200
