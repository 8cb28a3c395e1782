"""What every refusal must look like."""


def assert_clear_refusal(answer, statuses=range(400, 500)):
    """JSON with a sentence and a stable word, and nothing else; one of `statuses`."""
    assert answer.status in statuses, (answer.status, answer.body)
    assert answer.header("Content-Type") == "application/json"
    body = answer.json()
    assert set(body) == {"error", "code"} and body["error"] and body["code"]
