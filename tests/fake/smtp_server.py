#!/usr/bin/python3
"""A relay for tests: aiosmtpd, made strict and made to misbehave on demand.

Prints "PORT n" when it listens on 127.0.0.1 and runs until its standard input
ends. A line of options there changes its behaviour for the connections to
come and prints "PORT n" again, the same n unless --tls implicit comes or
goes. In --dir it leaves, for each mail that it took over,
NNNN.eml (the bytes) and NNNN.json (envelope and session), and in "commands"
one line for each command ("C: EHLO x") and answer ("S: 250 ..."), passwords
left out. Files appear whole.

Steps are GREETING EHLO STARTTLS AUTH MAIL RCPT DATA END QUIT; END is the
answer to the whole message. Options that name a step may be repeated:

  --reply STEP[:ADDRESS][*N]=TEXT  answer so; for this recipient only; N times,
                       at DATA in place of 354 and its end
  --hang STEP[*N]      never answer
  --drop STEP[*N]      close the connection instead of answering
  --trickle STEP[*N]   answer one byte in 200 ms

A mail is stored before the answer to END is sent, dropped or held back; not
when --reply refuses it.
"""

import argparse
import asyncio
import json
import logging
import os
import re
import shlex
import signal
import ssl
import subprocess
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult

CERTIFICATES = {
    # kind: (names, days, signed by the authority)
    "good": ("DNS:localhost,IP:127.0.0.1", 2, True),
    "name-only": ("DNS:localhost", 2, True),
    "wrong-name": ("DNS:elsewhere.example", 2, True),
    "expired": ("DNS:localhost,IP:127.0.0.1", -1, True),
    "self-signed": ("DNS:localhost,IP:127.0.0.1", 2, False),
}


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True)


def new_key(path, subject, *more):
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-subj", f"/CN={subject}", "-keyout", path, *more)


def make_certificates(directory):
    """ca.pem and KIND.pem (certificate and key); once per directory."""
    def path(name):
        return os.path.join(directory, name)

    if os.path.exists(path("done")):
        return
    os.makedirs(directory, exist_ok=True)
    new_key(path("ca.key"), "assent test authority", "-x509", "-days", "2",
            "-out", path("ca.pem"))
    for kind, (names, days, signed) in CERTIFICATES.items():
        key, out = path(kind + ".key"), path(kind + ".crt")
        with open(path(kind + ".ext"), "w", encoding="ascii") as f:
            f.write(f"subjectAltName={names}\n")
        new_key(key, kind, "-out", path(kind + ".csr"))
        signer = (["-CA", path("ca.pem"), "-CAkey", path("ca.key")]
                  if signed else ["-signkey", key])
        openssl("x509", "-req", "-in", path(kind + ".csr"), *signer,
                "-days", str(days), "-extfile", path(kind + ".ext"),
                "-out", out)
        with open(path(kind + ".pem"), "w", encoding="ascii") as f:
            for name in (out, key):
                with open(name, encoding="ascii") as part:
                    f.write(part.read())
    with open(path("done"), "w", encoding="ascii"):
        pass


class Rules:
    """What to do at which step, from the command line."""

    PATTERN = re.compile(
        r"(?P<step>[A-Z]+)(:(?P<address>[^*=]+))?(\*(?P<times>\d+))?"
        r"(=(?P<text>.*))?$")

    def __init__(self, specs):
        self.rows = []
        for spec in specs:
            match = self.PATTERN.match(spec)
            if match is None:
                sys.exit(f"smtp_server: no rule: {spec}")
            row = match.groupdict()
            row["left"] = int(row["times"]) if row["times"] else None
            self.rows.append(row)

    def find(self, step, address=None):
        for row in self.rows:
            if (row["step"] == step and row["left"] != 0
                    and row["address"] in (None, address)):
                return row
        return None

    def peek(self, step, address=None):
        """The text of the first rule that fits ("" without), or None."""
        row = self.find(step, address)
        return None if row is None else row["text"] or ""

    def take(self, step, address=None):
        """The same, and one of its times is over."""
        row = self.find(step, address)
        if row is None:
            return None
        if row["left"] is not None:
            row["left"] -= 1
        return row["text"] or ""


class Box:
    """The directory that results go to."""

    def __init__(self, directory, implicit):
        self.directory = directory
        self.implicit = implicit
        self.count = 0
        os.makedirs(directory, exist_ok=True)

    def write(self, name, data):
        path = os.path.join(self.directory, name)
        with open(path + ".part", "wb") as f:
            f.write(data)
        os.rename(path + ".part", path)

    def keep(self, envelope, session, how):
        self.count += 1
        facts = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "options": envelope.mail_options,
            "helo": session.host_name,
            "tls": self.implicit or session.ssl is not None,
            "sni": getattr(session, "sni", None),
            "user": getattr(session, "login_name", None),
            "by": how,
        }
        # The bytes first: whoever sees the facts finds the mail.
        self.write(f"{self.count:04}.eml", envelope.original_content)
        self.write(f"{self.count:04}.json", json.dumps(facts).encode())

    def note(self, line):
        path = os.path.join(self.directory, "commands")
        with open(path, "a", encoding="utf-8") as f:
            f.write(line + "\n")


class Server(SMTP):
    """One connection. The step under way decides how an answer goes out."""

    def __init__(self, options, box, rules, context):
        self.options = options
        self.box = box
        self.rules = rules
        self.step = "GREETING"
        self.recipient = None
        self.chunks = bytearray()
        self.seen_sni = None
        if context is not None:
            context.sni_callback = self.on_sni
        super().__init__(
            self, hostname="relay.test", ident="ESMTP test relay",
            data_size_limit=32 * 1024 * 1024,
            tls_context=context if options.tls == "starttls" else None,
            require_starttls=options.require_starttls,
            auth_required=options.auth_required,
            auth_require_tls=options.auth_needs_tls,
            authenticator=self.check_login,
            auth_exclude_mechanism=[m for m in ("LOGIN", "PLAIN")
                                    if m not in options.mechanisms],
            timeout=600)
        for step in ("EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT",
                     "DATA", "QUIT", "RSET", "BDAT"):
            self._smtp_methods[step] = self.at(step)

    def at(self, step):
        method = getattr(self, "smtp_" + step)

        async def run(arg):
            self.step = step
            shown = "" if step == "AUTH" else " " + (arg or "")
            self.box.note(f"C: {step}{shown}".rstrip())
            await method(arg)
        return run

    def on_sni(self, _ssl_object, name, _context):
        self.seen_sni = name

    def check_login(self, _server, session, _envelope, _mechanism, data):
        login, password = data.login.decode(), data.password.decode()
        session.login_name = login
        good = f"{login}:{password}" == self.options.auth
        return AuthResult(success=good, handled=False)

    async def handle_EHLO(self, _server, session, _envelope, name, responses):
        session.host_name = name
        session.sni = self.seen_sni
        lines = [r for r in responses
                 if not ("AUTH" in r and not self.options.auth)]
        if self.options.chunking:
            lines.insert(1, "250-CHUNKING")
        if self.options.pipelining:
            lines.insert(1, "250-PIPELINING")
        if self.options.enhanced:
            lines.insert(1, "250-ENHANCEDSTATUSCODES")
        return lines

    async def handle_exception(self, error):
        self.box.note(f"E: {type(error).__name__}: {error}")
        return "451 4.3.0 the test relay stumbled"

    # --- answers ---------------------------------------------------------

    async def push(self, status):
        text = status if isinstance(status, str) else status.decode()
        text = await self.bend(text)
        if text is None:
            return
        self.box.note("S: " + text.split("\r\n", maxsplit=1)[0])
        if self.rules["trickle"].take(self.step, self.recipient) is not None:
            for byte in text.encode() + b"\r\n":
                self._writer.write(bytes([byte]))
                await asyncio.sleep(0.2)
            return
        await super().push(text)

    async def bend(self, text):
        """The answer that really goes out; None when the line is dead."""
        if text[3:4] == "-":
            return text
        if self.rules["hang"].take(self.step, self.recipient) is not None:
            await asyncio.sleep(3600)
        if self.rules["drop"].take(self.step, self.recipient) is not None:
            self.transport.abort()
            self.transport.close()
            return None
        bent = self.rules["reply"].take(self.step, self.recipient)
        return text if bent is None else bent

    # --- commands --------------------------------------------------------

    async def smtp_STARTTLS(self, arg):
        if self.rules["reply"].peek("STARTTLS") is not None:
            await self.push("454 replaced by the rule")
            return
        if self.options.inject_starttls:
            # What a man in the middle would add in the clear.
            self._writer.write(b"220 go ahead\r\n250-relay.test\r\n"
                               b"250 AUTH PLAIN\r\n")
            await asyncio.sleep(5)
            return
        await super().smtp_STARTTLS(arg)

    async def smtp_RCPT(self, arg):
        match = re.search(r"<([^>]*)>", arg or "")
        self.recipient = match.group(1) if match else None
        bent = self.rules["reply"].peek("RCPT", self.recipient)
        if bent is not None and not bent.startswith("2"):
            await self.push("550 replaced by the rule")
            return
        await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg):
        if self.rules["reply"].peek("DATA") is not None:
            await self.push("554 replaced by the rule")
            return
        await super().smtp_DATA(arg)

    async def handle_DATA(self, _server, session, envelope):
        return self.finish(session, envelope, "DATA")

    def finish(self, session, envelope, how):
        self.step = "END"
        for line in envelope.original_content.split(b"\r\n"):
            if b"\n" in line or b"\r" in line:
                return "554 5.6.0 a bare CR or LF"
            if len(line) > 998:
                return "554 5.6.0 a line is too long"
        bent = self.rules["reply"].peek("END", self.recipient)
        if bent is None or bent.startswith("2"):
            self.box.keep(envelope, session, how)
        return "250 2.0.0 taken"

    async def smtp_BDAT(self, arg):
        """RFC 3030. aiosmtpd does not know it, Postfix and Exim do."""
        size, *last = (arg or "").split()
        self.step = "BDAT"
        self.chunks += await self._reader.readexactly(int(size))
        if not self.envelope.rcpt_tos:
            self.chunks.clear()
            await self.push("503 5.5.1 need RCPT command")
            return
        if not last:
            await self.push(f"250 2.0.0 {size} octets")
            return
        self.envelope.original_content = bytes(self.chunks)
        self.chunks.clear()
        status = self.finish(self.session, self.envelope, "BDAT")
        self._set_post_data_state()
        await self.push(status)


def parse(argv):
    p = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--port", type=int, default=0, help="0 = any free one")
    p.add_argument("--dir", required=True, help="where results go")
    p.add_argument("--tls", choices=("none", "starttls", "implicit"),
                   default="none")
    p.add_argument("--certs", metavar="DIR",
                   help="certificates, made there when missing")
    p.add_argument("--cert", choices=sorted(CERTIFICATES), default="good")
    p.add_argument("--require-starttls", action="store_true")
    p.add_argument("--auth", metavar="USER:PASSWORD",
                   help="offers AUTH; without it none is offered")
    p.add_argument("--auth-required", action="store_true")
    p.add_argument("--auth-needs-tls", action="store_true")
    p.add_argument("--mechanisms", nargs="+", default=["LOGIN", "PLAIN"])
    p.add_argument("--chunking", action="store_true", help="RFC 3030")
    p.add_argument("--pipelining", action="store_true", help="RFC 2920")
    p.add_argument("--enhanced", action="store_true", help="RFC 2034")
    p.add_argument("--inject-starttls", action="store_true",
                   help="answers in the clear behind the one to STARTTLS")
    for name in ("reply", "hang", "drop", "trickle"):
        p.add_argument("--" + name, action="append", default=[],
                       metavar="RULE")
    return p.parse_args(argv)


class Relay:
    """The listener and the behaviour of its next connections."""

    def __init__(self):
        self.server = None
        self.implicit = None

    def connection(self):
        return Server(self.options, self.box, self.rules, self.context)

    async def behave(self, options):
        """The port stays the same unless encryption begins elsewhere."""
        implicit = options.tls == "implicit"
        self.options = options
        self.context = None
        if options.tls != "none":
            make_certificates(options.certs)
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(
                os.path.join(options.certs, options.cert + ".pem"))
        self.box = Box(options.dir, implicit)
        self.rules = {name: Rules(getattr(options, name))
                      for name in ("reply", "hang", "drop", "trickle")}
        if self.server is None or implicit or self.implicit:
            if self.server is not None:
                self.server.close()
            self.server = await asyncio.get_running_loop().create_server(
                self.connection, host="127.0.0.1", port=options.port,
                ssl=self.context if implicit else None)
        self.implicit = implicit
        port = self.server.sockets[0].getsockname()[1]
        print(f"PORT {port}", flush=True)


async def serve(options):
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    relay = Relay()
    await relay.behave(options)
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        await relay.behave(parse(shlex.split(line.decode())))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    asyncio.run(serve(parse(sys.argv[1:])))
