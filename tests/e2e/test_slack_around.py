"""/approvals, the manifest, and what an operator sees of Slack."""

import re

import pytest
import yaml

import chat_slack
import harness
from chat_slack import TEAM, acked, seen
from slack_world import APP_TOKEN, BOT_TOKEN, SCOPES

STRANGER = "U0STRANGER"


@pytest.fixture(scope="module")
def desk(make_shared_daemon):
    with chat_slack.desk(
            make_shared_daemon, people=10,
            world=lambda slack: slack.world.add_user(STRANGER, "x")) as made:
        yield made


def listed(desk, user, **how):
    """The answer to /approvals, in the acknowledgement itself."""
    got = acked(desk.slack.slash(user, **how))
    assert got.answer["response_type"] == "ephemeral"
    words = seen(desk.slack.ephemerals(user)[-1])
    urls = [b["accessory"]["url"] for b in got.answer["blocks"]
            if "accessory" in b]
    return words, urls


# --- /approvals -------------------------------------------------------------

def test_the_command_lists_what_waits_for_this_person(desk):
    person, other = desk.people(2)
    mine = [desk.ask(person, destination=f"pay.{i}",
                     expiresIn=f"{3 - i}h") for i in range(2)]
    desk.ask(other, destination="not.mine")
    words, urls = listed(desk, person.user)
    assert "2" in words.split("\n")[0]
    assert words.index("pay.1") < words.index("pay.0")
    assert "not.mine" not in words
    assert [u.rsplit("/", 1)[1] for u in urls] == [mine[1].id, mine[0].id]
    for one in mine:
        one.press("Approve", card=one.card(seconds=15))
    words, urls = listed(desk, person.user)
    assert "othing" in words and urls == []


def test_the_command_shows_no_markup_of_others(desk):
    person, = desk.people(1)
    desk.ask(person, destination="a<!channel>*b*")
    words, _ = listed(desk, person.user)
    assert "<!channel>" in words
    assert desk.foreign_markup() == []


def test_a_long_list_is_short_and_says_so(desk):
    person, = desk.people(1)
    for i in range(23):
        desk.ask(person, destination=f"d{i}.{'x' * 150}")
    words, urls = listed(desk, person.user)
    assert "23" in words and len(urls) == 20 and "3 more" in words


def test_a_list_of_wide_words_fits_an_acknowledgement(make_daemon):
    """Slack throws one of 20,480 bytes away without a word."""
    with chat_slack.desk(
            make_daemon, people=1,
            ASSENT_PUBLIC_URL="http://127.0.0.1:9/" + "p" * 400) as desk:
        person, = desk.people(1)
        for i in range(20):
            desk.ask(person, destination=f"{i}" + "\u6c34" * 190)
        got = acked(desk.slack.slash(person.user))
        assert "20" in seen(desk.slack.ephemerals(person.user)[-1])
        assert got.answer["blocks"]
        desk.slack.world.controls.clear()


def test_who_is_not_known_is_told_what_to_do(desk):
    words, urls = listed(desk, STRANGER)
    assert f"{TEAM}/{STRANGER}" in words and urls == []


@pytest.mark.parametrize("forge", [{"team": "T0EVIL0001"},
                                   {"app": "A0OTHER001"}])
def test_the_command_of_another_workspace_or_app_lists_nothing(desk, forge):
    person, = desk.people(1)
    desk.ask(person, destination="secret.place").card()
    got = acked(desk.slack.slash(person.user, **forge))
    assert "secret.place" not in str(got.answer)


def test_the_address_of_the_api_needs_no_slash_at_its_end(make_daemon):
    slack = chat_slack.Slack()
    with chat_slack.desk(make_daemon, people=1, slack=slack,
                         SLACK_API_URL=slack.api_url[:-1]) as desk:
        desk.ask().card()


# --- the operator -----------------------------------------------------------

def test_the_manifest_asks_for_what_is_used_and_no_more(desk):
    got = yaml.safe_load(desk.daemon.cli("slack", "manifest",
                                         offline=True).stdout)
    assert got["oauth_config"]["scopes"]["bot"] == list(SCOPES)
    assert got["settings"]["socket_mode_enabled"] is True
    assert got["settings"]["interactivity"]["is_enabled"] is True
    assert got["features"]["app_home"]["messages_tab_enabled"] is True
    command, = got["features"]["slash_commands"]
    assert command["command"] == "/approvals" and "url" not in command
    assert len(got["display_information"]["name"]) <= 35
    file = harness.ROOT / "contrib" / "slack-manifest.yaml"
    assert yaml.safe_load(file.read_text()) == got


def test_when_all_is_well_it_says_so_everywhere(desk):
    assert desk.ready() == ("up", "")
    assert (desk.metric("channel_up"), desk.metric("chat_sessions"),
            desk.metric("chat_ghosts")) == (1, 2, 0)
    got = desk.daemon.cli("doctor")
    assert re.search(r"(?m)^ok +slack +up", got.stdout)
    shown = desk.daemon.cli("doctor").stdout + desk.daemon.out_text()
    assert BOT_TOKEN not in shown and APP_TOKEN not in shown


def test_a_missing_scope_is_found_before_it_is_needed(make_daemon):
    def world(slack):
        slack.world.tokens[BOT_TOKEN][1].remove("im:history")
    with chat_slack.desk(make_daemon, people=1, world=world) as desk:
        desk.wait_ready("degraded", "im:history")
        got = desk.daemon.cli("doctor", check=False)
        assert "im:history" in got.stdout
        desk.ask().card()


def examined(desk):
    """What the doctor says that has the tokens too."""
    with open(desk.daemon.folder / "assent.yaml", "a") as file:
        file.write(f"slack: {{app_token: {APP_TOKEN}, bot_token: {BOT_TOKEN}, "
                   f"api_url: {desk.slack.api_url}}}\n")
    return desk.daemon.cli("doctor", check=False)


def test_an_account_in_another_workspace_is_found_out(make_daemon):
    """auth.test says which workspace this is."""
    class Foreign(chat_slack.Person):
        def row(self):
            return super().row().replace(chat_slack.TEAM, "T0EVIL0001")
    made, chat_slack.Person = chat_slack.Person, Foreign
    try:
        with chat_slack.desk(make_daemon, people=1) as desk:
            asked = desk.ask()
            harness.wait_for(lambda: [
                d["state"] for d in asked.deliveries()] == ["dead"],
                what="the end")
            assert "T0EVIL0001" in str(asked.deliveries()) or \
                "workspace" in str(asked.deliveries())
            assert desk.slack.calls("chat.postMessage") == []
            assert re.search(r"(?m)^bad +slack +p\d+: .*another workspace",
                             examined(desk).stdout)
    finally:
        chat_slack.Person = made


def test_the_doctor_says_who_is_not_there(make_daemon):
    with chat_slack.desk(make_daemon, people=2) as desk:
        one, other = desk.people(2)
        del desk.slack.world.users[one.user]
        got = examined(desk)
        assert got.returncode != 0
        assert f"{one.id}: nobody is {chat_slack.TEAM}/{one.user}" in \
            got.stdout
        assert other.user not in got.stdout


@pytest.mark.parametrize("missing", ["SLACK_APP_TOKEN", "SLACK_BOT_TOKEN"])
def test_one_token_without_the_other_is_refused(make_daemon, missing):
    with chat_slack.desk(make_daemon, people=1, start=False,
                         **{missing: None}) as desk:
        last = desk.daemon.start_refused()
        assert missing in last or missing.lower() in last
        assert BOT_TOKEN not in last and APP_TOKEN not in last


@pytest.mark.parametrize("where", ["both", "app"])
def test_tokens_in_each_others_place_are_refused(make_daemon, where):
    tokens = {"SLACK_APP_TOKEN": BOT_TOKEN}
    if where == "both":
        tokens["SLACK_BOT_TOKEN"] = APP_TOKEN
    with chat_slack.desk(make_daemon, people=1, start=False,
                         **tokens) as desk:
        last = desk.daemon.start_refused()
        assert "xapp-" in last and "SLACK_APP_TOKEN" in last
        assert BOT_TOKEN not in last and APP_TOKEN not in last


def test_tokens_come_from_files_too(make_daemon, tmp_path):
    for name, token in (("app", APP_TOKEN), ("bot", BOT_TOKEN)):
        (tmp_path / name).write_text(token + "\n")
    with chat_slack.desk(
            make_daemon, people=1, SLACK_APP_TOKEN=None, SLACK_BOT_TOKEN=None,
            SLACK_APP_TOKEN_FILE=str(tmp_path / "app"),
            SLACK_BOT_TOKEN_FILE=str(tmp_path / "bot")) as desk:
        desk.ask().card()
        assert APP_TOKEN not in desk.daemon.cli("doctor").stdout
