#include "websocket_peer.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void
ws_grant(struct peer_conn *conn, const struct buf *request)
{
	static const char name[] = "Sec-WebSocket-Key: ";
	const char *key = strcasestr(buf_str(request), name);
	unsigned char sha[EVP_MAX_MD_SIZE], accept[EVP_MAX_MD_SIZE * 2];
	unsigned int n;
	char text[400];

	assert(key != NULL);
	key += sizeof(name) - 1;
	/* RFC 6455 4.2.2 */
	(void)snprintf(text, sizeof(text),
	    "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", (int)strcspn(key, "\r"),
	    key);
	assert(EVP_Digest(text, strlen(text), sha, &n, EVP_sha1(), NULL) == 1);
	(void)EVP_EncodeBlock(accept, sha, (int)n);
	(void)snprintf(text, sizeof(text),
	    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
	    (const char *)accept);
	peer_say(conn, text);
}

bool
ws_accept(struct peer_conn *conn)
{
	CLEANUP(buf_fini) struct buf request = {0};

	if (!peer_request(conn, &request)) {
		return false;
	}
	ws_grant(conn, &request);
	return true;
}

static bool
read_whole(struct peer_conn *conn, unsigned char *p, size_t n)
{
	while (n > 0) {
		size_t got = peer_read(conn, p, n);

		if (got == 0) {
			return false;
		}
		p += got;
		n -= got;
	}
	return true;
}

static bool
read_len(struct peer_conn *conn, int first, size_t *out)
{
	unsigned char more[8];
	size_t bytes = first == 126 ? 2 : first == 127 ? 8 : 0;

	*out = bytes == 0 ? (size_t)first : 0;
	if (!read_whole(conn, more, bytes)) {
		return false;
	}
	for (size_t i = 0; i < bytes; i++) {
		*out = *out << 8 | more[i];
	}
	return true;
}

bool
ws_read(struct peer_conn *conn, struct ws_frame *f)
{
	unsigned char head[2], mask[4] = {0}, byte;
	size_t len;

	buf_clear(&f->body);
	if (!read_whole(conn, head, 2) ||
	    !read_len(conn, head[1] & 0x7f, &len)) {
		return false;
	}
	f->first = head[0];
	f->masked = (head[1] & 0x80) != 0;
	if (f->masked && !read_whole(conn, mask, 4)) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (!read_whole(conn, &byte, 1)) {
			return false;
		}
		buf_putc(&f->body, (char)(byte ^ mask[i % 4]));
	}
	return true;
}

void
ws_frame_fini(struct ws_frame *f)
{
	buf_fini(&f->body);
}

void
ws_write(struct peer_conn *conn, int first, const void *body, size_t len)
{
	CLEANUP(buf_fini) struct buf b = {0};
	int bytes = len < 126 ? 0 : len < 65536 ? 2 : 8;

	buf_putc(&b, (char)first);
	buf_putc(&b, (char)(bytes == 0 ? (int)len : bytes == 2 ? 126 : 127));
	for (int i = bytes - 1; i >= 0; i--) {
		buf_putc(&b, (char)(len >> (8 * i)));
	}
	buf_add(&b, body, len);
	peer_write(conn, b.data, b.len);
}

void
ws_text(struct peer_conn *conn, const char *text)
{
	ws_write(conn, WS_FIN | WS_TEXT, text, strlen(text));
}

void
ws_close(struct peer_conn *conn, int code, const char *reason)
{
	char body[125] = {(char)(code >> 8), (char)code};

	(void)snprintf(body + 2, sizeof(body) - 2, "%s", reason);
	ws_write(conn, WS_FIN | WS_CLOSE, body, 2 + strlen(reason));
}

bool
ws_await_close(struct peer_conn *conn, int *code)
{
	CLEANUP(ws_frame_fini) struct ws_frame f = {0};

	while (ws_read(conn, &f)) {
		if (f.first == (WS_FIN | WS_CLOSE)) {
			const unsigned char *body = (void *)f.body.data;

			*code = f.body.len >= 2 ? body[0] << 8 | body[1] : 1005;
			return true;
		}
	}
	return false;
}

void
ws_be_silent(struct peer_conn *conn)
{
	char block[4096];

	while (peer_read(conn, block, sizeof(block)) > 0) {
	}
}

void
ws_echo(struct peer_conn *conn)
{
	CLEANUP(ws_frame_fini) struct ws_frame f = {0};

	while (ws_read(conn, &f)) {
		int opcode = f.first & 0xf;

		if (opcode == WS_PING) {
			f.first = WS_FIN | WS_PONG;
		}
		if (opcode != WS_PONG) {
			ws_write(conn, f.first, f.body.data, f.body.len);
		}
		if (opcode == WS_CLOSE) {
			break;
		}
	}
}
