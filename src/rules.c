#include "rules.h"

#include <pthread.h>
#include <stdlib.h>

#include "lib/mem.h"

struct rules {
	pthread_mutex_t lock;
	struct policy_set *set; /* counted */
};

struct rules *
rules_new(struct policy_set *set)
{
	struct rules *r = mem_new(1, sizeof(*r));

	(void)pthread_mutex_init(&r->lock, NULL);
	r->set = set;
	return r;
}

void
rules_free(struct rules *r)
{
	if (r != NULL) {
		policy_set_unref(r->set);
		(void)pthread_mutex_destroy(&r->lock);
		free(r);
	}
}

struct policy_set *
rules_get(struct rules *r)
{
	struct policy_set *set;

	(void)pthread_mutex_lock(&r->lock);
	set = policy_set_ref(r->set);
	(void)pthread_mutex_unlock(&r->lock);
	return set;
}

void
rules_set(struct rules *r, struct policy_set *set)
{
	struct policy_set *before;

	(void)pthread_mutex_lock(&r->lock);
	before = r->set;
	r->set = set;
	(void)pthread_mutex_unlock(&r->lock);
	policy_set_unref(before);
}

void
rules_drop(struct policy_set **set)
{
	policy_set_unref(*set);
	*set = NULL;
}
