"""What is done to a connection below the library that serves it."""

import contextlib
import socket
import struct


def reset(transport):
    """RST instead of FIN."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack("ii", 1, 0))
    transport.abort()


def frame(opcode, data, last):
    """One unmasked frame, as servers send them (RFC 6455 5.2)."""
    head = bytes([(0x80 if last else 0) | opcode])
    if len(data) < 126:
        head += bytes([len(data)])
    elif len(data) < 65536:
        head += struct.pack("!BH", 126, len(data))
    else:
        head += struct.pack("!BQ", 127, len(data))
    return head + data
