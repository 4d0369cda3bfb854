"""Accounts of nobody in assent.yaml: what they see, and never decide."""

import chat_discord as chat

OPEN = {"open": "id: open\nrequire_approval: always\n"}


def test_an_open_plan_is_not_open_to_strangers(make_daemon):
    """Its keys are those of reviewers; a role is asked for in a chat."""
    with chat.acme() as acme:
        daemon = acme.daemon(make_daemon, policies={**chat.POLICIES, **OPEN},
                             config=acme.config("""
notify: {approvers: [finance], channels: [approvals]}"""))
        agent = daemon.agent()
        intent = chat.ask(agent, "open")
        card = acme.card(intent)
        assert "or whoever has their role in Discord" in card.text()
        for label in ("Approve", "Deny"):
            one = acme.press(acme.eve, card, label)
            assert one.told and one.modal is None
        assert chat.status(agent, intent) == "pending_approval"
        assert chat.refusals(daemon, intent) == [
            (f"discord:{acme.eve.id}", "unknown_account")] * 2
        acme.press(acme.mia, card, "Approve")
        assert chat.status(agent, intent) == "approved"
        acme.check()


def test_a_role_does_not_hide_who_asked(make_daemon):
    """kim owns the agent and has no account here: mia may be kim."""
    with chat.acme() as acme:
        daemon = acme.daemon(make_daemon, config=acme.config().replace(
            "groups:", "  - {id: kim, email: kim@example.com}\ngroups:"))
        agent = daemon.agent("kim's bot", owner="kim@example.com")
        intent = chat.ask(agent, "finance")
        card = acme.card(intent)
        assert acme.press(acme.mia, card, "Approve").told
        assert chat.refusals(daemon, intent) == [
            (f"discord:{acme.mia.id}", "not_an_approver")]
        assert chat.status(agent, intent) == "pending_approval"
        acme.press(acme.dana, card, "Approve")
        assert chat.status(agent, intent) == "approved"
        acme.check()
