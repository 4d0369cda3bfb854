"""Settings: what is refused, and in which words; what is shown of them."""

import os
import subprocess

import pytest

import harness

SECRETS = ["ASSENT_MASTER_KEY", "ASSENT_MASTER_KEY_PREVIOUS", "ADMIN_API_KEY",
           "SMTP_PASS"]
KEY = "0123456789abcdef" * 4


def run(folder, *args, env=None, config=None):
    """Runs assentd in a folder of its own until it ends."""
    (folder / "policies").mkdir(exist_ok=True)
    (folder / "policies" / "human.yaml").write_text(
        "id: human\nrequire_approval: always\n")
    if config is not None:
        (folder / "assent.yaml").write_text(config)
    whole = {"PATH": os.environ["PATH"], "HOME": str(folder),
             **(env or {})}
    return subprocess.run([harness.ASSENTD, *args], cwd=folder, env=whole,
                          capture_output=True, text=True, timeout=30)


# Environment, the file, and the words of the refusal.
REFUSED = [
    ({"PORT": "0"}, None, "port (PORT): must be a whole number from 1"),
    ({"PORT": "65536"}, None, "port (PORT): must be a whole number from 1"),
    ({"PORT": "80 80"}, None, "port (PORT): must be a whole number from 1"),
    ({"PORT": "http"}, None, "port (PORT): must be a whole number from 1"),
    ({"PORT": "-1"}, None, "port (PORT): must be a whole number from 1"),
    ({"PORT": "99999999999999999999"}, None, "port (PORT): must be"),
    ({"ADMIN_API_KEY": "short"}, None, "must have at least 16 characters"),
    ({"ADMIN_API_KEY_FILE": "/nowhere/key"}, None,
     "cannot read /nowhere/key: No such file"),
    ({"ADMIN_API_KEY_FILE": "/"}, None, "admin_api_key"),
    ({"SMTP_PASS_FILE": "/nowhere"}, None, "cannot read /nowhere"),
    ({"ASSENT_MASTER_KEY_FILE": "/nowhere"}, None, "cannot read /nowhere"),
    ({"ADMIN_API_KEY_FILE": "/dev/null"}, None, "its file is empty"),
    ({"ASSENT_MASTER_KEY": "too short"}, None, "ASSENT_MASTER_KEY"),
    ({"ASSENT_MASTER_KEY": "zz" * 32}, None, "ASSENT_MASTER_KEY"),
    ({"ASSENT_MASTER_KEY_PREVIOUS": "x"}, None,
     "ASSENT_MASTER_KEY_PREVIOUS"),
    ({"ASSENT_PUBLIC_URL": "example.com"}, None, "public_url"),
    ({"ASSENT_PUBLIC_URL": "ftp://example.com"}, None, "public_url"),
    ({"ASSENT_PUBLIC_URL": "https://example.com/?x=1"}, None,
     "must not have a query"),
    ({"ASSENT_ALLOW_PRIVATE_TARGETS": "maybe"}, None,
     "must be true or false"),
    ({"ASSENT_OPEN_REGISTRATION": "2"}, None, "must be true or false"),
    ({"ASSENT_MAGIC_LINK_CONFIRM": "none"}, None,
     "must be one of code|button"),
    ({"ASSENT_HTTP_TIMEOUT_S": "0"}, None, "http.timeout_s"),
    ({"ASSENT_HTTP_CONNECTIONS_MAX": "0"}, None, "http.connections_max"),
    ({"ASSENT_RETENTION_PAYLOAD_HOURS": "-1"}, None, "retention."),
    ({"ASSENT_WEBHOOK_RETRY_S": "5,x"}, None, "webhook.retry_s"),
    ({"ASSENT_WEBHOOK_RETRY_S": "-5"}, None, "webhook.retry_s"),
    ({"ASSENT_WEBHOOK_RETRY_S": "nan"}, None, "webhook.retry_s"),
    ({"ASSENT_WEBHOOK_RETRY_S": "1," * 30}, None, "webhook.retry_s"),
    ({"LOG_LEVEL": "loud"}, None, "must be one of error|warn|info|debug"),
    ({"LOG_FORMAT": "xml"}, None, "must be one of text|json"),
    ({"SMTP_TLS": "maybe"}, None, "must be one of off|opportunistic"),
    ({"SMTP_PORT": "0"}, None, "smtp.port"),
    ({"SMTP_HOST": "127.0.0.1"}, None, "SMTP_FROM"),
    ({"SMTP_HOST": "127.0.0.1", "SMTP_FROM": "no address"}, None,
     "SMTP_FROM"),
    ({"SMTP_HOST": "127.0.0.1", "SMTP_FROM": "a@b.example",
      "SMTP_USER": "u"}, None, "SMTP_PASS"),
    ({"SMTP_HOST": "mail.example.com", "SMTP_FROM": "a@b.example",
      "SMTP_CA_FILE": "/nowhere"}, None, "SMTP_CA_FILE"),
    ({"TLS_CERT_FILE": "/tmp/x"}, None, "belong together"),
    ({"TLS_KEY_FILE": "/tmp/x"}, None, "belong together"),
    ({"TLS_CERT_FILE": "/nowhere", "TLS_KEY_FILE": "/nowhere"}, None,
     "cannot read /nowhere"),
    ({"TLS_CERT_FILE": "/dev/null", "TLS_KEY_FILE": "/dev/null"}, None,
     "cannot read /dev/null"),
    ({"ASSENT_CA_FILE": "/nowhere"}, None, "/nowhere"),
    ({"SLACK_APP_TOKEN": "xapp-1"}, None, "SLACK_BOT_TOKEN: Slack needs both"),
    ({"SLACK_BOT_TOKEN": "xoxb-1"}, None, "SLACK_APP_TOKEN: Slack needs both"),
    ({"SLACK_APP_TOKEN": "xoxb-1", "SLACK_BOT_TOKEN": "xapp-1"}, None,
     "SLACK_APP_TOKEN: this token begins with xapp-"),
    ({"SLACK_API_URL": "ftp://slack.com/"}, None, "SLACK_API_URL"),
    ({"SLACK_APP_TOKEN": "xapp-1", "SLACK_BOT_TOKEN": "xoxb-1",
      "SLACK_DEFAULT_CHANNEL": "#general"}, None,
     "SLACK_DEFAULT_CHANNEL: must be the id of a channel"),
    ({"SLACK_APP_TOKEN": "xapp-1", "SLACK_BOT_TOKEN": "xoxb-1",
      "SLACK_DEFAULT_CHANNEL": "T1/U1"}, None, "SLACK_DEFAULT_CHANNEL"),
    ({"DISCORD_BOT_TOKEN": "Bot abc"}, None, "DISCORD_BOT_TOKEN"),
    ({"DISCORD_API_URL": "discord.com"}, None, "DISCORD_API_URL"),
    ({"DISCORD_BOT_TOKEN": "abc", "DISCORD_DEFAULT_CHANNEL": "#general"}, None,
     "DISCORD_DEFAULT_CHANNEL: must be the digits of a channel id"),
    ({"ASSENT_TRUSTED_PROXIES": "10.0.0.0/33"}, None, "trusted_proxies"),
    ({"ASSENT_TRUSTED_PROXIES": "proxy.local"}, None, "trusted_proxies"),
    ({"ASSENT_POLICY_DIR": "/nowhere"}, None, "/nowhere"),
    ({"ASSENT_TEMPLATE_DIR": "/nowhere"}, None, "/nowhere"),
    ({"ASSENT_TEMPLATE_DIR": "/dev/null"}, None, "Not a directory"),
    ({"ASSENT_CONFIG": "/nowhere.yaml"}, None, "cannot read /nowhere.yaml"),
    # The file.
    ({}, "prot: 4000\n", "unknown setting prot; did you mean port?"),
    ({}, "smtp: {hots: x}\n",
     "unknown setting smtp.hots; did you mean smtp.host?"),
    ({}, "magic_link.confrim: code\n", "did you mean magic_link.confirm?"),
    ({}, "zzzzzzzzzzzzz: 1\n", "unknown setting zzzzzzzzzzzzz"),
    ({}, "poeple: []\n", "did you mean people?"),
    ({}, "discord_role: {'1/2': g}\n", "did you mean discord_roles?"),
    ({}, "port: [1, 2]\n", "port"),
    ({}, "port: {a: 1}\n", "unknown setting port.a"),
    ({}, "port: 4000\nport: 4001\n", "assent.yaml: line 2"),
    ({}, "port: 4000\n---\nport: 4001\n", "assent.yaml:"),
    ({}, "port: '4000\n", "assent.yaml:"),
    ({}, "\tport: 4000\n", "assent.yaml: line 1"),
    ({}, "- port\n", "must hold settings"),
    ({}, "port: 0\n", "port (PORT): must be a whole number"),
    ({}, "allow_private_targets: maybe\n", "must be true or false"),
    ({}, "admin_api_key_file: /nowhere\n", "cannot read /nowhere"),
    # People.
    ({}, "people: [{id: admin}]\n", "id"),
    ({}, "people: [{id: KEY_1}]\n", "id"),
    ({}, "people: [{id: system}]\n", "id"),
    ({}, "people: [{name: x}]\n", "id: is required"),
    ({}, "people: [{id: a}, {id: a}]\n", "a"),
    ({}, "people: [{id: a, emial: x}]\n", "did you mean 'email'?"),
    ({}, "people: [{id: a, email: x}]\n", "email"),
    ({}, "people: [{id: a, email: x@y.example},"
         " {id: b, email: X@y.example}]\n", "email"),
    ({}, "people: [{id: a, timezone: Mars/North}]\n", "timezone"),
    ({}, "people: [{id: a, slack: [U1]}]\n", "slack"),
    ({}, "people: [{id: a, discord: [x]}]\n", "discord"),
    ({}, "people: {id: a}\n", "people"),
    ({}, "groups: {g: [nobody]}\n", "there is no person 'nobody'"),
    ({}, "people: [{id: a}]\ngroups: {a: [a]}\n", "is the id of a person"),
    ({}, "notify: {approvers: [nobody]}\n", "nobody"),
    ({}, "notify: {channels: [nowhere]}\n", "nowhere"),
    ({}, "channels: {ops: {smoke: x}}\n", "channels"),
]


@pytest.mark.parametrize("env,config,words", REFUSED)
def test_what_is_wrong_is_refused_before_and_at_the_start(tmp_path, env,
                                                          config, words):
    for args in (["--check-config"], []):
        got = run(tmp_path, *args, env=env, config=config)
        assert got.returncode == 1, (args, got.stdout, got.stderr)
        assert words in got.stderr, (args, got.stderr)
        last = got.stderr.strip().splitlines()[-1]
        assert last.startswith("assentd: "), last
        assert "anitizer" not in got.stderr
        for name in set(SECRETS) & set(env):
            assert len(env[name]) < 3 or env[name] not in got.stderr


GOOD = [
    ({}, None), ({}, ""), ({}, "# nothing\n"), ({}, "port:\n"),
    ({}, "PORT: 4000\nlog: {level: warn}\n"), ({"PORT": ""}, None),
    ({}, "smtp.port: 25\nhttp: {timeout_s: 5}\n"),
    ({}, "people: [{id: a, name: A, email: a@b.example, slack: [T1/U1],"
         " discord: ['80351110224678912'], timezone: Europe/Berlin}]\n"
         "groups: {g: [a]}\nchannels: {c: {slack: T1/C1},"
         " d: {discord: '613425648685547545'}}\n"
         "notify: {approvers: [g], channels: [c]}\n"),
    ({"ASSENT_WEBHOOK_RETRY_S": "0.1, 2,30"}, None),
    ({"ASSENT_MASTER_KEY": KEY}, None),
    ({"ASSENT_TRUSTED_PROXIES": "10.0.0.0/8,::1"}, None),
]


@pytest.mark.parametrize("env,config", GOOD)
def test_what_is_right_is_taken(tmp_path, env, config):
    got = run(tmp_path, "--check-config", env=env, config=config)
    assert got.returncode == 0, got.stderr
    assert got.stdout.startswith("ok: 1 policies, ")
    assert not (tmp_path / "data").exists()


def printed(folder, **kw):
    got = run(folder, "--print-config", **kw)
    assert got.returncode == 0, got.stderr
    rows = {}
    for line in got.stdout.splitlines():
        name, _, value = line.lstrip("# ").partition(":")
        rows[name] = value.strip()
    return rows, got.stdout


def test_settings_are_printed_without_secrets(tmp_path):
    values = {name: f"{i}" * 64 for i, name in enumerate(SECRETS)}
    rows, text = printed(tmp_path, env=values)
    for name in ("master_key", "master_key_previous", "admin_api_key",
                 "smtp.pass"):
        assert rows[name] == '"********"'
    for value in values.values():
        assert value not in text


def test_the_environment_wins_over_the_file_and_both_over_defaults(tmp_path):
    rows, _ = printed(tmp_path, config=(
        "smtp: {host: file.example, from: file@a.example}\n"
        "http.timeout_s: 7\n"), env={"SMTP_HOST": "env.example"})
    assert rows["smtp.host"] == '"env.example"'
    assert rows["smtp.from"] == '"file@a.example"'
    assert rows["http.timeout_s"] == "7"
    assert rows["host"] == '"127.0.0.1"  # default'
    assert rows["magic_link.confirm"] == '"code"  # default'


def test_what_is_printed_can_be_read_again(tmp_path):
    _, text = printed(tmp_path, env={
        "SMTP_FROM": 'A "B" <a@b.example>', "LOG_LEVEL": "warn",
        "ASSENT_OPEN_REGISTRATION": "no"})
    _, again = printed(tmp_path, config=text)
    plain = {line.partition("  #")[0] for line in text.splitlines()}
    assert plain == {line.partition("  #")[0]
                     for line in again.splitlines()}


def test_a_file_may_be_named_in_two_ways(tmp_path):
    (tmp_path / "other.yaml").write_text("port: 0\n")
    for args, env in ((["--config", "other.yaml"], {}),
                      ([], {"ASSENT_CONFIG": "other.yaml"})):
        got = run(tmp_path, "--check-config", *args,
                  env=env)
        assert got.returncode == 1
        assert "other.yaml" in got.stderr


def test_a_secret_is_read_from_its_file_and_trimmed(make_daemon, tmp_path):
    secret = tmp_path / "admin"
    secret.write_text("\n  the-admin-key-of-the-file \n\n")
    daemon = make_daemon(env={"ADMIN_API_KEY": None,
                              "ADMIN_API_KEY_FILE": str(secret)})
    client = daemon.client("the-admin-key-of-the-file")
    assert client.get("/v1/keys").status == 200


def test_the_plain_variable_wins_over_its_file(make_daemon):
    daemon = make_daemon(env={"ADMIN_API_KEY_FILE": "/nowhere"})
    assert daemon.admin.get("/v1/keys").status == 200


def test_the_help_names_every_setting(tmp_path):
    got = run(tmp_path, "--help")
    assert got.returncode == 0
    source = (harness.ROOT / "src" / "config_rows.c").read_text()
    names = [word for word in source.replace('"', " ").split()
             if word.isupper() and word.replace("_", "").isalnum()
             and len(word) > 3]
    for name in {"HOST", "PORT", "ASSENT_PUBLIC_URL", "ASSENT_DATA_DIR",
                 "ADMIN_API_KEY", "SMTP_HOST", "TLS_CERT_FILE",
                 "ASSENT_WEBHOOK_RETRY_S", "LOG_LEVEL"}:
        assert name in got.stdout and name in names


@pytest.mark.parametrize("args,code", [
    (["--version"], 0), (["-V"], 0), (["-h"], 0), (["--nonsense"], 2),
    (["extra"], 2), (["--config"], 2)])
def test_the_command_line_is_checked(tmp_path, args, code):
    got = run(tmp_path, *args)
    assert got.returncode == code
    if code == 2:
        assert "usage: assentd" in got.stderr
