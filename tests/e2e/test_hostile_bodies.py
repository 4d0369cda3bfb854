"""Bodies that mean harm: none is ever approved, none breaks the daemon."""

import json

import pytest

import harness

# Each of them approves by itself what is plainly harmless.
POLICIES = {
    "auto": "id: auto\nauto_approve_under: 100\n",
    "human": "id: human\nrequire_approval: always\n",
    "closed": "id: closed\ndestinations: []\nauto_approve_under: 100\n",
    "terms": "id: terms\nblock_if_terms: [refund guaranteed, lawsuit]\n"
             "auto_approve_under: 100\n",
    "checks": "id: checks\nauto_approve_under: 100\nfield_checks:\n"
              "  - {path: amount, required: true, min: 0, max: 500}\n"
              "  - {path: to, pattern: '^[a-z]+@example[.]com$'}\n",
    "types": "id: types\nauto_approve_under: 100\nallowed_types: [csv]\n",
}


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon(policies=POLICIES)


@pytest.fixture(scope="module")
def agent(daemon):
    return daemon.agent("mallory", owner="mallory")


def raw(text):
    """A body with PRE for the fields that would be approved by policy."""
    return text.replace("PRE", '"destination":"d","policy":"auto"').encode()


# Bytes that are no JSON, or no JSON that has one meaning only.
BROKEN = [
    b"", b" ", b"{", b"}", b"[]", b"null", b"true", b"5", b'"x"', b"{}",
    b"{}{}", b"\x00", b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}",
    b"<xml/>", b"destination=d&policy=auto&recordCount=5", b"%7B%7D",
    *map(raw, [
        '{PRE,"recordCount":5', '{PRE,"recordCount":5}}',
        '{PRE,"recordCount":5} x', '{PRE,"recordCount":5}\0',
        '{PRE,"recordCount":5,}', '{PRE,,"recordCount":5}',
        "{PRE,'recordCount':5}", '{PRE,recordCount:5}',
        '{PRE,"recordCount":5/*x*/}', '{PRE,"recordCount":5}//x',
        '[{PRE,"recordCount":5}]', '"{PRE}"',
        '{PRE,"policy":"auto","recordCount":5}',
        '{PRE,"policy":"closed","recordCount":5}',
        '{"policy":"closed",PRE,"recordCount":5}',
        '{PRE,"\\u0070olicy":"closed","recordCount":5}',
        '{PRE,"policyId":"closed","recordCount":5}',
        '{PRE,"action":"other","recordCount":5}',
        '{PRE,"recordCount":5,"recordCount":500}',
        '{PRE,"recordCount":5,"estimated_records":500}',
        '{PRE,"recordCount":5,"metadata":{"a":1,"a":2}}',
        '{PRE,"recordCount":5,"payload":{"a":1,"\\u0061":2}}',
        '{PRE,"recordCount":NaN}', '{PRE,"recordCount":Infinity}',
        '{PRE,"recordCount":-Infinity}', '{PRE,"recordCount":1e400}',
        '{PRE,"recordCount":-1e400}', '{PRE,"recordCount":9007199254740993}',
        '{PRE,"recordCount":18446744073709551621}',
        '{PRE,"recordCount":-18446744073709551611}',
        '{PRE,"recordCount":05}', '{PRE,"recordCount":+5}',
        '{PRE,"recordCount":0x5}', '{PRE,"recordCount":5.}',
        '{PRE,"recordCount":.5}', '{PRE,"recordCount":5e}',
        '{PRE,"recordCount":"5"}', '{PRE,"recordCount":[5]}',
        '{PRE,"recordCount":{"$lt":100}}', '{PRE,"recordCount":true}',
        '{PRE,"recordCount":5.5}', '{PRE,"recordCount":-5}',
        '{PRE,"recordCount":-9007199254740991}',
        '{PRE,"recordCount":5,"payload":"\\ud800"}',
        '{PRE,"recordCount":5,"payload":"\\udc00\\ud800"}',
        '{PRE,"recordCount":5,"payload":"\\ud800\\u0041"}',
        '{PRE,"recordCount":5,"payload":"\\u0000"}',
        '{PRE,"recordCount":5,"payload":"a\\u0000b"}',
        '{PRE,"recordCount":5,"\\u0000":1}',
        '{PRE,"recordCount":5,"payload":"\\x41"}',
        '{PRE,"recordCount":5,"payload":"\\u12"}',
        '{PRE,"recordCount":5,"payload":"a\nb"}',
        '{PRE,"recordCount":5,"metadata":' + "[" * 70 + "]" * 70 + "}",
        '{PRE,"recordCount":5,"payload":' + "[" * 65 + "]" * 65 + "}",
        '{PRE,"recordCount":5,"payload":' + '{"a":' * 70 + "1" + "}" * 71,
        "[" * 100000, '{"a":' * 100000, "[" * 100000 + "]" * 100000,
        '{PRE,"recordCount":5,"metadata":{"n":123456789012345678901}}',
        '{PRE,"recordCount":5,"payload":{"n":1e999}}',
    ]),
    raw('{PRE,"recordCount":5,"payload":"') + b'\xff"}',
    raw('{PRE,"recordCount":5,"payload":"') + b'\xc0\xaf"}',
    raw('{PRE,"recordCount":5,"payload":"') + b'\xe2\x82"}',
    raw('{PRE,"recordCount":5,"payload":"') + b'\xed\xa0\x80"}',
    raw('{PRE,"recordCount":5,"payload":"') + b'\xf4\x90\x80\x80"}',
    raw('{PRE,"recordCount":5,"payload":"') + b'\xf8\x88\x80\x80\x80"}',
    raw('{PRE,"recordCount":5,"') + b'\xff":1}',
    raw('{PRE,"recordCount":5}').decode().encode("utf-16"),
    raw('{PRE,"recordCount":5}').decode().encode("utf-32"),
]

# Good JSON that wants to pass for something else.
SMUGGLED = [
    # Who decided, in fields that nobody reads.
    {"policy": "human", "status": "approved"},
    {"policy": "human", "state": "approved", "decision": "approved"},
    {"policy": "human", "decidedBy": "rita", "approver": "rita"},
    {"policy": "human", "approvals": 5, "required_approvals": 0},
    {"policy": "human", "metadata": {"approved": True, "approver": "rita"}},
    {"policy": "human", "require_approval": "never"},
    {"policy": "human", "requireApproval": "never", "auto_approve": True},
    {"policy": "human", "reason_code": "approved_by_policy"},
    {"policy": "human", "risk_score": 0, "riskLevel": "low"},
    {"policy": "human", "principal_id": "admin", "standing_approval": True},
    {"policy": "human", "__proto__": {"policy": "auto"}},
    {"policy": "human", "constructor": {"prototype": {"a": 1}}},
    {"policy": "human", "metadata": {"policy": "auto", "recordCount": 1}},
    {"policy": "human", "params": {"action": "x", "policy": "auto"}},
    # Policies that are no policies.
    {"policy": "../policies/auto"}, {"policy": "./auto"},
    {"policy": "auto.yaml"}, {"policy": "auto "}, {"policy": " auto"},
    {"policy": "AUTO"}, {"policy": "auto/../auto"}, {"policy": "%61uto"},
    {"policy": "\uff41uto"}, {"policy": "aut\u043e"}, {"policy": "*"},
    {"policy": ["auto"]}, {"policy": {"id": "auto"}}, {"policy": 0},
    {"policy": "auto' OR '1'='1"}, {"policy": "auto\n"}, {"policy": "."},
    {"policy": "closed"},
    # Terms in disguise.
    *({"policy": "terms", "payload": p} for p in [
        "refund guaranteed", "REFUND GUARANTEED", "Refund  guaranteed!",
        "r-e-f-u-n-d guaranteed", "re.fund_guaran-teed", "refundguaranteed",
        "re\u200bfund guar\u00adanteed", "\uff52efund guaranteed",
        "r\u00e9f\u00fcnd guarant\u00e9ed", "r\u0435fund guaranteed",
        "r3fund gu4r4nt33d", "re\u0301fund guaranteed",
        "refund\u00a0guaranteed", "refund\nguaranteed",
        "\U0001d5cb\U0001d5be\U0001d5bf\U0001d5ce\U0001d5c7\U0001d5bd "
        "guaranteed", "refund guaranteed.txt", "/tmp/refund guaranteed.csv",
        "r\u034fefund guaranteed", "refund\u2028guaranteed",
        '{"a":"refund guaranteed"}', '{"refund guaranteed":1}',
        '{"a":"\\u0072efund guaranteed"}', '{"a":"re\\nfund guaranteed"}',
        "x " * 400000 + "refund guaranteed", "lawsuit", "l\u0430wsuit",
        "data:text/plain,refund%20guaranteed",
        "data:text/plain;base64,cmVmdW5kIGd1YXJhbnRlZWQ=",
        {"deep": [{"er": "refund guaranteed"}]}, ["lawsuit"],
        {"lawsuit": None}]),
    {"policy": "terms", "title": "lawsuit", "payload": "x"},
    {"policy": "terms", "description": "a lawsuit", "payload": "x"},
    {"policy": "terms", "metadata": {"note": "lawsuit"}, "payload": "x"},
    # Fields that are checked.
    *({"policy": "checks", "payload": p} for p in [
        None, "", "not JSON", "amount: 5", "{}", '{"amount":null}',
        '{"amount":""}', '{"amount":"9999"}', '{"amount":9999}',
        '{"amount":-1}', '{"amount":501}', '{"amount":5e2000}',
        '{"amount":5,"amount":9999}', '{"amount":[5]}', '{"amount":true}',
        '{"amount":{"$numberInt":"5"}}', '[{"amount":5}]', '{"Amount":5}',
        '{"amount":"5 hundred"}', '{"amount":NaN}', '{"amount":5} ,',
        '{"amount":5,"to":"eve@evil.com"}', '{"amount":5,"to":["x"]}',
        '{"amount":5,"to":"ann@example.com\\nbcc: eve@evil.com"}',
        {"amount": 9999}, {"amount": "9999"}, [{"amount": 5}],
        '{"amount":5}' * 2, "data:application/json,{\"amount\":9999}",
        "data:application/json;base64,!!!!"]),
    # Types that are not allowed.
    *({"policy": "types", "payload": p} for p in [
        "report.pdf", "report.PDF", "a.exe", "/etc/passwd.json",
        "data:application/pdf;base64,AAAA", "data:text/html,x", "x.csv.json",
        "C:\\x.txt", {"a": 1}]),
    # Counts that approve nothing.
    {"policy": "auto", "recordCount": 0},
    {"policy": "auto", "recordCount": -0.0},
    {"policy": "auto", "recordCount": None},
    {"policy": "auto", "recordCount": 101},
    {"policy": "auto", "recordCount": 1e15},
    {"policy": "auto", "recordCount": 2 ** 53 - 1},
    {"policy": "auto", "recordCount": 2 ** 31},
    {"policy": "auto", "recordCount": None,
     "metadata": {"recordCount": 5}},
    {"policy": "auto", "recordCount": None, "record_counts": 5},
    {"policy": "auto", "recordCount": None, "RecordCount": 5},
]


def approved(daemon):
    got = daemon.admin.get("/v1/metrics").json()
    return got["actions_approved"]


def test_the_policies_do_approve_what_is_harmless(agent):
    fine = {"auto": "x", "terms": "a refund", "types": "x.csv",
            "checks": '{"amount":500,"to":"ann@example.com"}'}
    for policy, payload in fine.items():
        got = harness.submit(agent, policy=policy, payload=payload,
                             recordCount=5)
        assert got["status"] == "approved", got


def test_the_corpus_is_large_enough():
    assert len(BROKEN) + len(SMUGGLED) >= 200


@pytest.mark.parametrize("n", range(len(BROKEN)))
def test_a_body_with_no_single_meaning_is_refused(daemon, agent, n):
    before = approved(daemon)
    for route in ("/v1/intents", "/v1/propose"):
        got = agent.post(route, raw=BROKEN[n], headers={
            "Content-Type": "application/json"})
        assert got.status == 400, (BROKEN[n][:200], got)
        said = got.json()
        assert said["error"] and said["message"]
        assert "src/" not in got.body.decode()
    assert approved(daemon) == before


@pytest.mark.parametrize("n", range(len(SMUGGLED)))
def test_a_body_that_smuggles_is_not_approved(daemon, agent, n):
    body = {"destination": "d", "recordCount": 5} | SMUGGLED[n]
    before = approved(daemon)
    got = agent.post("/v1/intents", body)
    assert got.status in (200, 400), got
    if got.status == 200:
        assert got.json()["status"] in ("pending_approval", "blocked")
    assert approved(daemon) == before


@pytest.mark.parametrize("n", range(0, len(BROKEN), 3))
@pytest.mark.parametrize("route", [
    "/v1/intents/ID/approve", "/v1/approve", "/v1/intents/ID/decide",
    "/v1/intents/ID/execute", "/v1/agents/register", "/v1/keys",
    "/v1/webhooks/register"])
def test_no_route_takes_a_broken_body(daemon, agent, pending, route, n):
    body = BROKEN[n]
    if body in (b"", b"{}") or body.startswith(b'{"destination"'):
        body = b'{"a":1,"a":2}'
    client = agent if route.endswith("execute") else daemon.admin
    got = client.post(route.replace("ID", pending), raw=body)
    assert got.status == 400, (body[:100], got)
    assert agent.get(f"/v1/intents/{pending}").json()["status"] == \
        "pending_approval"


@pytest.fixture(scope="module")
def pending(agent):
    return harness.submit(agent, policy="human")["id"]


@pytest.mark.parametrize("type_", [
    None, "text/plain", "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x", "application/json; charset=utf-16"])
def test_the_content_type_does_not_change_what_a_body_means(agent, type_):
    headers = {} if type_ is None else {"Content-Type": type_}
    good = b'{"destination":"d","policy":"human"}'
    assert agent.post("/v1/intents", raw=good, headers=headers).status == 200
    form = b"destination=d&policy=auto&recordCount=5"
    assert agent.post("/v1/intents", raw=form, headers=headers).status == 400


WORDS = [
    'a","type":"approved","x":"', "'; DROP TABLE intent; --", "%s%n%x",
    "{{name}}", "<script>alert(1)</script>", "\\u0041\\", "\u202eabc",
    "@everyone <!channel>", "x" * 200, "\u00e9\U0001f600", '}]},{"a":"b',
    "{]}[", "\\\"", "tab\tand\nline"]


@pytest.mark.parametrize("word", WORDS)
def test_words_are_kept_as_they_are_and_change_nothing_else(daemon, word):
    agent = daemon.agent(word[:200], owner=word)
    first = harness.submit(
        agent, policy="human", destination=word, payload=word, title=word,
        description=word, on_behalf_of=word, idempotency_key=word,
        sensitivity_tags=[word[:100]], metadata={word: [word, {word: 1}]},
        options=[{"label": word[:79] + "?", "outcome": "approve"},
                 {"label": "No", "outcome": "deny"}])
    path = f"/v1/intents/{first['id']}"
    row = agent.get(f"{path}?payload=1").json()
    for name in ("destination", "payload", "title", "description",
                 "on_behalf_of", "idempotency_key"):
        assert row[name] == word, name
    assert row["metadata"] == {word: [word, {word: 1}]}
    assert row["tags"] == json.loads(row["sensitivity_tags"]) == [word[:100]]
    assert row["agent_name"] == word
    trail = row["auditTrail"]
    assert [e["type"] for e in trail] == ["submitted", "policy_checked"]
    assert trail[0]["actor"] == word
    assert trail[0]["metadata"]["on_behalf_of"] == word
    assert daemon.admin.post(f"{path}/decide", {
        "option": word[:79] + "?", "reason": word}).status == 200
    ex = agent.post(f"{path}/execute", {"mode": word[:64]})
    assert ex.status == 201, ex
    told = agent.post(f"/v1/executions/{ex.json()['executionId']}/report", {
        "status": "failed", "result": {word: [word], "type": "approved",
                                       "execution": "x", "by": word}})
    assert told.json()["result"][word] == [word]
    trail = agent.get(f"{path}/audit").json()["events"]
    assert [e["type"] for e in trail[2:]] == [
        "vote", "approved", "execution_leased", "execution_failed"]
    assert trail[3]["metadata"]["reason"] == word
    assert trail[5]["metadata"]["result"]["by"] == word
    assert trail[5]["metadata"]["executionId"] == ex.json()["executionId"]


def test_after_all_of_it_the_chain_is_whole(daemon, agent):
    assert daemon.client().get("/readyz").status == 200
    got = daemon.cli("audit", "verify", offline=True)
    assert "the chain is whole" in got.stdout
