"""What a submit may say, in every spelling, and what it may not."""

import datetime

import pytest

import harness

POLICIES = dict(harness.POLICIES)
POLICIES["profiled"] = "id: profiled\nrequire_profile: email.send.v1\n"


@pytest.fixture(scope="module")
def daemon(make_shared_daemon):
    return make_shared_daemon(policies=POLICIES, config=(
        "people: [{id: dana, name: Dana Li}]\n"))


@pytest.fixture(scope="module")
def agent(daemon):
    return daemon.agent("maker")


# Field of the row that is shown, value, and every spelling that sets it.
SPELLINGS = [
    ("destination", "crm.import", ["destination", "action"]),
    ("policy_id", "human", ["policy", "policy_id", "policyId"]),
    ("estimated_records", 7, ["recordCount", "record_count",
                              "estimated_records", "estimatedRecords"]),
    ("estimated_value_usd", 12.5, ["estimated_value_usd",
                                   "estimatedValueUsd"]),
    ("tags", ["pii"], ["sensitivity_tags", "sensitivityTags"]),
    ("on_behalf_of", "sam", ["on_behalf_of", "onBehalfOf"]),
    ("profile_id", "crm.import.v1", ["profile", "profile_id", "profileId"]),
    ("callback_url", "http://127.0.0.1:9/x", ["callback_url", "callbackUrl"]),
    ("metadata", {"a": [1, {"b": None}], "object_type": "x",
                  "record_count": 3}, ["metadata"]),
    ("title", "A title", ["title"]),
    ("description", "Two\nlines", ["description"]),
    ("urgency", "high", ["urgency"]),
]
CASES = [(field, value, name) for field, value, names in SPELLINGS
         for name in names]


@pytest.mark.parametrize("field,value,name", CASES)
@pytest.mark.parametrize("route", ["/v1/intents", "/v1/propose"])
def test_each_spelling_of_a_field_is_read(agent, route, field, value, name):
    body = {"destination": "crm.import", "policy": "human",
            "metadata": {"object_type": "x", "record_count": 3}}
    taken = {"destination": ("destination",), "policy_id": ("policy",)}
    for key in taken.get(field, ()):
        del body[key]
    body[name] = value
    first = agent.post(route, body)
    assert first.status == 200, first
    row = agent.get(f"/v1/intents/{first.json()['intentId']}").json()
    assert row[field] == value


@pytest.mark.parametrize("field,value,names", [
    s for s in SPELLINGS if len(s[2]) > 1])
def test_two_spellings_that_disagree_are_refused(agent, field, value, names):
    other = 8 if isinstance(value, (int, float)) else \
        ["other"] if isinstance(value, list) else "other"
    body = {"destination": "crm.import", "policy": "human"}
    got = agent.post("/v1/intents", body | {names[0]: value,
                                            names[1]: other})
    assert got.status == 400, got
    same = agent.post("/v1/intents", body | {
        "metadata": {"object_type": "x", "record_count": 3},
        names[0]: value, names[1]: value})
    assert same.status == 200, same


def test_fields_that_are_null_count_as_absent(agent):
    names = {name for _, _, names in SPELLINGS for name in names} - {
        "destination", "action", "policy", "policy_id", "policyId"}
    names |= {"payload", "idempotency_key", "expiresIn", "options",
              "approvers", "channels", "principal_id", "runId"}
    got = harness.submit(agent, **{name: None for name in names})
    row = agent.get(f"/v1/intents/{got['intentId']}").json()
    assert got["status"] == "pending_approval"
    assert row["estimated_records"] is None
    assert row["metadata"] is None


@pytest.mark.parametrize("spelling,seconds", [
    ("90s", 90), ("30m", 1800), ("2h", 7200), ("3d", 259200), ("5", 18000),
    (5, 18000), ("1s", 1)])
@pytest.mark.parametrize("name", ["expiresIn", "expires_in"])
def test_the_time_to_decide_is_what_was_asked(agent, name, spelling, seconds):
    got = harness.submit(agent, **{name: spelling})
    assert span(got["createdAt"], got["expiresAt"]) == seconds


def test_the_time_to_decide_is_an_hour_when_nothing_is_asked(agent):
    got = harness.submit(agent)
    assert span(got["createdAt"], got["expiresAt"]) == 3600


def span(start, end):
    read = datetime.datetime.fromisoformat
    return (read(end) - read(start)).total_seconds()


BAD_SUBMITS = [
    # body (with destination and policy unless they are named), words
    ({"destination": None}, "destination and policy are required"),
    ({"destination": ""}, "destination and policy are required"),
    ({"policy": None}, "destination and policy are required"),
    ({"policy": "", "destination": ""},
     "destination and policy are required"),
    ({"policy": "nobody-wrote-it"}, "Policy 'nobody-wrote-it' not found"),
    ({"policy": "../policies/human"}, "not found"),
    ({"policy": "./human"}, "not found"),
    ({"policy": "human.yaml"}, "not found"),
    ({"policy": "human\u0000"}, "\\u0000 is not allowed"),
    ({"policy": 5}, "policy must be"),
    ({"destination": ["mail"]}, "destination must be"),
    ({"destination": "d" * 201}, "destination must have at most"),
    ({"destination": "a\u0007b"}, "destination must"),
    ({"recordCount": -1}, "recordCount must be"),
    ({"recordCount": "12"}, "recordCount must be"),
    ({"recordCount": 1.5}, "recordCount must be"),
    ({"recordCount": True}, "recordCount must be"),
    ({"recordCount": 1e300}, "recordCount must be"),
    ({"estimated_value_usd": -0.01}, "estimated_value_usd must be"),
    ({"estimated_value_usd": "9"}, "estimated_value_usd must be"),
    ({"estimated_value_usd": 2e15}, "estimated_value_usd must be"),
    ({"estimated_value_usd": 1e16}, "must be a string"),
    ({"sensitivity_tags": "pii"}, "sensitivity_tags must be"),
    ({"sensitivity_tags": [1]}, "sensitivity_tags"),
    ({"sensitivity_tags": ["x"] * 51}, "sensitivity_tags must have"),
    ({"sensitivity_tags": ["x" * 101]}, "sensitivity_tags"),
    ({"metadata": []}, "metadata must be"),
    ({"metadata": "x"}, "metadata must be"),
    ({"payload": 5}, "payload must be"),
    ({"payload": True}, "payload must be"),
    ({"title": ""}, "title must not be empty"),
    ({"title": "t" * 201}, "title must have at most"),
    ({"description": "d" * 1001}, "description must have at most"),
    ({"urgency": "now"}, "urgency must be one of"),
    ({"idempotency_key": ""}, "idempotency_key must not be empty"),
    ({"idempotency_key": "k" * 256}, "idempotency_key must have"),
    ({"expiresIn": "0s"}, "expiresIn must be at least"),
    ({"expiresIn": "soon"}, "expiresIn must be a number"),
    ({"expiresIn": "-1h"}, "expiresIn must be a number"),
    ({"expiresIn": "1w"}, "expiresIn must be a number"),
    ({"expiresIn": "1.5h"}, "expiresIn must be a number"),
    ({"expiresIn": "9999d"}, "expiresIn must be at least"),
    ({"expiresIn": "99999999999999999999s"}, "expiresIn must be at least"),
    ({"expiresIn": {}}, "expiresIn must be a number"),
    ({"options": []}, "options must be a list of 2 to 5"),
    ({"options": ["Yes"]}, "options must be a list of 2 to 5"),
    ({"options": ["a", "b", "c", "d", "e", "f"]},
     "options must be a list of 2 to 5"),
    ({"options": "Yes,No"}, "options must be a list of 2 to 5"),
    ({"options": [1, 2]}, "options[0] must be a label or an object"),
    ({"options": ["Yes", {"label": "No"}]}, "options[1].outcome is required"),
    ({"options": ["Yes", {"outcome": "deny"}]},
     "options[1].label is required"),
    ({"options": [{"label": "Yes", "outcome": "maybe"}, "No"]},
     "options[0].outcome must be one of"),
    ({"options": ["Yes", {"label": "Later", "outcome": "other"}]},
     "options must have one with outcome approve and one with deny"),
    ({"options": ["Yes", "yes"]}, "options must have labels that differ"),
    ({"options": ["Deny", "D\u0435ny"]},
     "options must have labels that differ"),
    ({"options": ["\u200b\u200b", "No"]},
     "options[0].label must have something to read"),
    ({"options": ["x" * 81, "No"]}, "options[0].label must have at most"),
    ({"approvers": ["nobody"]}, "there is no person or group 'nobody'"),
    ({"approvers": [5]}, "approvers"),
    ({"channels": ["nowhere"]}, "there is no channel 'nowhere'"),
    ({"callback_url": "ftp://127.0.0.1/x"}, "callback_url"),
    ({"callback_url": "http://"}, "callback_url"),
    ({"callback_url": "http://u:p@127.0.0.1/"}, "callback_url"),
    ({"callback_url": "x"}, "callback_url"),
    ({"policy": "profiled"}, "profile_required"),
    ({"policy": "profiled", "profile": "crm.import.v1"}, "profile_mismatch"),
    ({"policy": "profiled", "profile": "email.send.v1",
      "metadata": {"to": "a"}}, "invalid_profile_payload"),
    ({"profile": "none.such.v1"}, "invalid_profile_payload"),
]


@pytest.mark.parametrize("body,words", BAD_SUBMITS)
def test_a_submit_that_is_not_valid_is_refused_with_its_field(
        daemon, agent, body, words):
    before = counts(daemon)
    whole = {"destination": "d", "policy": "human"} | body
    got = agent.post("/v1/intents", whole)
    assert got.status == 400, got
    said = got.json()
    assert words in said["error"] or words in said["message"], said
    assert said["field"] and said["reason_code"]
    assert counts(daemon) == before


def counts(daemon):
    return daemon.admin.get("/v1/metrics").json()["actions_attempted"]


def test_metadata_over_its_limit_is_refused(agent):
    got = agent.post("/v1/intents", {"destination": "d", "policy": "human",
                                     "metadata": {"x": "y" * 65536}})
    assert (got.status, got.json()["field"]) == (413, "metadata")
