"""Policies and people are read again: the whole set, or nothing of it."""

import concurrent.futures
import os

import pytest

import harness

PEOPLE = "people: [{id: dana, name: Dana}]\n"


@pytest.fixture
def daemon(make_daemon):
    return make_daemon(config=PEOPLE)


def policies(daemon):
    return set(daemon.admin.get("/v1/policies").json()["policies"])


def events(daemon, kind):
    rows = daemon.admin.get("/v1/audit?limit=1000").json()["events"]
    return [e for e in rows if e["type"] == kind]


def write(daemon, name, text):
    """As an editor does: a new file in the place of the old one."""
    path = daemon.policies / name
    path.with_suffix(".tmp").write_text(text)
    os.rename(path.with_suffix(".tmp"), path)


def wait_loaded(daemon, n):
    return harness.wait_for(lambda: len(events(daemon, "policies_loaded"))
                            >= n and events(daemon, "policies_loaded"))


def test_a_file_that_is_added_changed_or_removed_is_seen(daemon):
    agent = daemon.agent()
    write(daemon, "fresh.yaml", "id: fresh\nrequire_approval: always\n")
    harness.wait_for(lambda: "fresh" in policies(daemon))
    assert harness.submit(agent, policy="fresh")["status"] == \
        "pending_approval"

    (daemon.policies / "fresh.yaml").write_text(
        "id: fresh\ndestinations: []\n")
    harness.wait_for(lambda: harness.submit(agent, policy="fresh")["status"]
                     == "blocked")

    os.rename(daemon.policies / "fresh.yaml",
              daemon.policies / "fresh.txt")
    harness.wait_for(lambda: "fresh" not in policies(daemon))
    (daemon.policies / "auto.yaml").unlink()
    harness.wait_for(lambda: "auto" not in policies(daemon))
    got = agent.post("/v1/intents", {"destination": "d", "policy": "auto"})
    assert (got.status, got.json()["reason_code"]) == \
        (400, "policy_not_found")


def test_a_reload_is_audited_with_its_version(daemon):
    before = policies(daemon)
    daemon.hup()
    first = wait_loaded(daemon, 1)[-1]["metadata"]
    assert first["policies"] == len(before)
    daemon.hup()
    again = wait_loaded(daemon, 2)[-1]["metadata"]
    assert again["version"] == first["version"]
    write(daemon, "more.yaml", "id: more\n")
    other = wait_loaded(daemon, 3)[-1]["metadata"]
    assert other["version"] != first["version"]
    assert other["policies"] == len(before) + 1


# What the file holds, its line, and words of the reason.
BAD = [
    ("id: human\nrequire_approvl: always\n", 2,
     "did you mean 'require_approval'?"),
    ("id: human\nrequire_approval: maybe\n", 2, "must be one of"),
    ("id: other\nrequire_approval: always\n", 1, "id"),
    ("id: human\nid: human\n", 2, "twice"),
    ("id: human\n---\nid: human\n", 2, "document"),
    ("id: human\nrequire_approvals: 0\n", 2, "require_approvals"),
    ("id: human\nrequire_approvals: two\n", 2, "require_approvals"),
    ("id: human\nexpiry_minutes: 0\n", 2, "expiry_minutes"),
    ("id: human\nauto_approve_under: -1\n", 2, "auto_approve_under"),
    ("id: human\ndestinations: {a: b}\n", 2, "destinations"),
    ("id: human\napprovers: [nobody]\n", 2, "nobody"),
    ("id: human\nchannels: [nowhere]\n", 2, "nowhere"),
    ("id: human\nfield_checks:\n  - {path: a, pattern: '('}\n", 3,
     "pattern"),
    ("id: human\nblock_if_terms: ['...']\n", 2, "block_if_terms"),
    ("- id: human\n", 1, ""),
    ("id: [human\n", 2, ""),
    ("\tid: human\n", 1, ""),
    ("a: &a [1]\nb: *a\n", 1, ""),
    ("id: human\nblock_if_terms: " + "[" * 200 + "]" * 200 + "\n", 2, ""),
]


@pytest.fixture(scope="module")
def shared(make_shared_daemon):
    return make_shared_daemon(config=PEOPLE)


@pytest.mark.parametrize("text,line,words", BAD)
def test_a_file_that_does_not_load_is_refused_with_line_and_reason(
        shared, tmp_path, text, line, words):
    (tmp_path / "good.yaml").write_text("id: good\n")
    (tmp_path / "human.yaml").write_text(text)
    got = shared.cli("policy", "check", str(tmp_path), check=False)
    assert got.returncode == 1
    assert f"human.yaml:{line}: " in got.stderr and words in got.stderr


@pytest.mark.parametrize("text,line,words", BAD[::4])
def test_a_file_that_does_not_load_leaves_the_old_set(shared, text, line,
                                                      words):
    daemon, agent = shared, shared.agent()
    good = (daemon.policies / "human.yaml").read_text()
    before = policies(daemon)
    version = agent.get(f"/v1/intents/{harness.submit(agent)['id']}").json()[
        "policy_version"]
    refused = len(events(daemon, "policies_refused"))

    write(daemon, "added.yaml", "id: added\n")
    write(daemon, "human.yaml", text)
    harness.wait_for(lambda: len(events(daemon, "policies_refused")) >
                     refused)
    error = events(daemon, "policies_refused")[-1]["metadata"]["error"]
    assert f"human.yaml:{line}: " in error, error
    assert words in error, error
    assert error.split(": ")[0] in daemon.log_text()
    # What came with it waits too, and all goes on as before.
    assert policies(daemon) - {"added"} == before - {"added"}
    fresh = harness.submit(agent)
    assert fresh["status"] == "pending_approval"
    assert agent.get(f"/v1/intents/{fresh['id']}").json()[
        "policy_version"] == version

    loaded = len(events(daemon, "policies_loaded"))
    write(daemon, "human.yaml", good)
    wait_loaded(daemon, loaded + 1)
    (daemon.policies / "added.yaml").unlink()
    harness.wait_for(lambda: "added" not in policies(daemon))


def test_a_start_with_a_file_that_does_not_load_is_refused(make_daemon):
    text, line, words = BAD[0]
    daemon = make_daemon(start=False, config=PEOPLE)
    (daemon.policies / "human.yaml").write_text(text)
    said = daemon.start_refused()
    assert f"human.yaml:{line}: " in said and words in said


def test_people_are_read_again_at_sighup(daemon):
    dana = daemon.key("dana's", person="dana")
    path = daemon.folder / "assent.yaml"
    path.write_text(PEOPLE.replace("]", ", {id: lee, name: Lee}]"))
    daemon.hup()
    wait_loaded(daemon, 1)
    assert daemon.key("lee's", person="lee").get("/v1/nonce").status == 200
    assert dana.get("/v1/nonce").status == 200


@pytest.mark.parametrize("text,words", [
    ("people: [{id: admin}]\n", "id"),
    (PEOPLE + "groups: {g: [nobody]}\n", "nobody"),
    (PEOPLE + "prot: 1\n", "did you mean port?"),
    (PEOPLE + "log: {level: loud}\n", "must be one of"),
    (PEOPLE + "people: []\n", "twice"),
    ("people: [\n", "line")])
def test_settings_that_do_not_load_leave_the_old_ones(shared, text, words):
    daemon = shared
    path = daemon.folder / "assent.yaml"
    refused = len(events(daemon, "policies_refused"))
    path.write_text(text)
    daemon.hup()
    harness.wait_for(lambda: len(events(daemon, "policies_refused")) >
                     refused)
    assert words in events(daemon, "policies_refused")[-1]["metadata"][
        "error"]
    path.write_text(PEOPLE)
    assert daemon.key("dana's", person="dana").get("/v1/nonce").status == 200


def test_the_level_of_the_log_is_read_again(make_daemon):
    daemon = make_daemon(config="log: {level: error}\n",
                         env={"LOG_LEVEL": None})
    daemon.hup()
    wait_loaded(daemon, 1)
    assert daemon.log_text() == ""
    (daemon.folder / "assent.yaml").write_text(
        "log: {level: info, format: json}\n")
    daemon.hup()
    harness.wait_for(lambda: '"level":"info"' in daemon.log_text())


def test_settings_that_are_not_reloadable_stay_as_they_are(daemon):
    path = daemon.folder / "assent.yaml"
    path.write_text(PEOPLE + "allow_private_targets: false\n")
    daemon.hup()
    wait_loaded(daemon, 1)
    receiver = harness.Receiver()
    harness.submit(daemon.agent(), policy="auto", recordCount=1,
                   callback_url=receiver.url)
    receiver.wait(1)
    receiver.close()


def test_reloads_under_load_disturb_nobody(daemon):
    agent, over = daemon.agent(), []

    def load(_):
        seen = set()
        while not over:
            got = agent.post("/v1/intents", {
                "destination": "d", "policy": "auto", "recordCount": 1})
            seen.add((got.status, got.json().get("status")))
        return seen

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(load, i) for i in range(4)]
        try:
            for i in range(20):
                write(daemon, "more.yaml",
                      f"id: more\nexpiry_minutes: {i + 1}\n")
                daemon.hup()
                harness.wait_for(lambda: daemon.log_text().count(
                    "reload done") > i)
        finally:
            over.append(True)
        for f in futures:
            assert f.result() == {(200, "approved")}
