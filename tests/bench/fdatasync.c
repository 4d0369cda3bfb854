/*
 * fdatasync: how often a second the disk takes 4 KiB for good.
 *
 *	fdatasync FOLDER SECONDS
 *
 * Prints "RATE n P50 us P99 us".
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"

enum { TIMES_MAX = 1000000 };

static int
by_size(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

static long long
write_one(int fd, const char *block, size_t len)
{
	long long before = clock_mono_us();

	if (write(fd, block, len) != (ssize_t)len || fdatasync(fd) != 0) {
		perror("fdatasync");
		exit(EXIT_FAILURE);
	}
	return clock_mono_us() - before;
}

int
main(int argc, char **argv)
{
	static long long times[TIMES_MAX];
	char path[4096], block[4096];
	long long start, end;
	size_t n = 0;
	int fd;

	if (argc != 3) {
		fprintf(stderr, "usage: fdatasync FOLDER SECONDS\n");
		return 2;
	}
	(void)snprintf(path, sizeof(path), "%s/fdatasync.bin", argv[1]);
	memset(block, 'x', sizeof(block));
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0) {
		perror(path);
		return 1;
	}
	start = clock_mono_us();
	end = start + atoll(argv[2]) * 1000000;
	while (n == 0 || (n < TIMES_MAX && clock_mono_us() < end)) {
		times[n++] = write_one(fd, block, sizeof(block));
	}
	end = clock_mono_us();
	qsort(times, n, sizeof(times[0]), by_size);
	printf("RATE %.0f P50 %lld P99 %lld\n",
	    (double)n * 1e6 / (double)(end - start), times[n / 2],
	    times[n * 99 / 100]);
	return close(fd);
}
