"""What an older copy of the database may not revive, and what outlives a node. tests/faults does the rest."""

from harness.waiting import until


def test_revocation_outlives_the_node_that_acknowledged_it(make_site):
    site = make_site("postgresql")
    dying, living = site.serve(), site.serve()
    client, other = dying.client(), living.client()
    account = site.new_account()
    for _ in range(10):
        tokens = client.sign_in(account)
        assert other.accepts(tokens.access)
        assert client.revoke_access(tokens.access).status == 200
        dying.kill()
        until(lambda access=tokens.access: not other.accepts(access), seconds=2, what="the other node refuses")
        dying.start()
        assert not client.accepts(tokens.access)


def test_token_of_a_list_that_a_restored_database_does_not_know_is_refused(make_site, tmp_path):
    site = make_site("sqlite")
    server = site.serve()
    client = server.client()
    account = site.new_account()
    before = client.sign_in(account)
    server.stop()
    site.copy_database(tmp_path / "copy")
    server.start()
    after = client.sign_in(account)
    newer = client.refreshed(before.refresh)
    assert client.accepts(after.access) and client.accepts(newer.access)
    server.stop()
    site.put_back_database(tmp_path / "copy")
    server.start()
    assert not client.accepts(after.access), "its list is unknown here: it may have been revoked"
    assert not client.accepts(newer.access)
    assert client.refresh(after.refresh).status == 401
    assert client.accepts(before.access)
    client.sign_in(account)
    assert not client.accepts(after.access), "a new list must not take an unknown one's place"
