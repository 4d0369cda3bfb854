/*
 * replay: the main of a fuzz target that is built without libFuzzer. Feeds it
 * nothing, then every file of the folders and files it is given, so that the
 * seeds and the inputs that once broke a parser run in each `make test`.
 */
#include <err.h>
#include <fts.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum {
	INPUT_MAX = 1 << 22, /* bytes; larger files are cut */
};

static void
feed(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *buf = malloc(INPUT_MAX);
	uint8_t *exact;
	size_t len;

	if (f == NULL || buf == NULL) {
		err(1, "%s", path);
	}
	len = fread(buf, 1, INPUT_MAX, f);
	(void)fclose(f);
	/* Exactly as long as the input: a read beyond it is then noticed. */
	exact = realloc(buf, len > 0 ? len : 1);
	if (exact == NULL) {
		err(1, "realloc");
	}
	(void)LLVMFuzzerTestOneInput(exact, len);
	free(exact);
}

int
main(int argc, char **argv)
{
	FTSENT *e;
	FTS *walk;

	(void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	if (argc < 2) {
		return 0;
	}
	walk = fts_open(argv + 1, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (walk == NULL) {
		err(1, "fts_open");
	}
	while ((e = fts_read(walk)) != NULL) {
		if (e->fts_info == FTS_F) {
			feed(e->fts_path);
		}
	}
	(void)fts_close(walk);
	return 0;
}
