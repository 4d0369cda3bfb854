/*
 * email: asks people by mail, one mail for each.
 *
 * The mailer thread writes and sends one mail at a time: over libesmtp, which
 * blocks, or for implicit TLS over the courier, for whose answer it waits. A
 * mail keeps its Message-ID over all attempts, so that a repeat is known for
 * one. Answers come back over the page behind the link, never as mail.
 *
 * A delivery is given back untried when it waited for EMAIL_STALE_MS; with
 * the SMTP_TOTAL_MS of an attempt that stays below the outbox's lease.
 */
#include "channel.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "channels/email_health.h"
#include "channels/email_letter.h"
#include "channels/email_settings.h"
#include "channels/mime.h"
#include "channels/smtp.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/queue.h"

enum {
	EMAIL_QUEUE_MAX = 32,
	EMAIL_STALE_MS = 120 * 1000,
	EMAIL_MESSAGE_MAX = 16 * 1024 * 1024, /* bytes, encoded */
	/* At the stop, to end by itself; then the same after being cut. */
	EMAIL_GRACE_MS = 4000,
};

struct email {
	pthread_mutex_t lock;
	pthread_cond_t change; /* of anything below; on the monotonic clock */
	int refs;	  /* the owner, the thread, a mail with the courier */
	bool stopping;	  /* nothing new is begun */
	bool cut;	  /* what is under way is not waited for */
	bool gone;	  /* the owner is: nobody is told anything */
	bool finished;	  /* the thread is through */
	bool answered;	  /* by the courier, to the mail of `sending` */
	unsigned sending; /* number of that mail */
	struct smtp_outcome outcome; /* of it */
	struct email_health health;

	/* Set by start, then only read: */
	struct channel_env env;
	struct email_settings settings;
	char *from; /* copied: a thread that is left behind reads it */
	struct email_templates *templates;
	struct smtp *smtp;   /* NULL = the courier sends */
	struct queue *queue; /* of struct job */
	pthread_t thread;
};

struct job {
	struct delivery *delivery; /* owned */
	long long queued_ms;	   /* monotonic */
};

/* A mail that the courier has. */
struct errand {
	struct email *email; /* counted */
	unsigned number;
};

static void
job_free(struct job *job)
{
	delivery_free(job->delivery);
	free(job);
}

static void
unref(struct email *e)
{
	void *job;
	int refs;

	pthread_mutex_lock(&e->lock);
	refs = --e->refs;
	pthread_mutex_unlock(&e->lock);
	if (refs > 0) {
		return;
	}
	while (queue_pop(e->queue, &job, 1, 0) > 0) {
		job_free(job);
	}
	queue_free(e->queue);
	smtp_free(e->smtp);
	email_templates_free(e->templates);
	free(e->from);
	pthread_cond_destroy(&e->change);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

/* --- one mail ------------------------------------------------------------- */

static void
note(struct email *e, const struct smtp_outcome *o)
{
	pthread_mutex_lock(&e->lock);
	email_health_note(&e->health, o);
	pthread_mutex_unlock(&e->lock);
}

/* Says how it ended, unless nobody is there any more to hear it. */
static void
tell(struct email *e, const struct delivery *d, const struct attempt *at)
{
	const struct channel_up *up = e->env.up;

	pthread_mutex_lock(&e->lock);
	if (!e->gone) {
		up->ended(up->ctx, d->id, at);
	}
	pthread_mutex_unlock(&e->lock);
}

/* On the courier's thread. */
static void
on_courier(void *arg, const struct http_answer *a)
{
	struct errand *errand = arg;
	struct email *e = errand->email;
	struct smtp_outcome o = {.rc = a->rc};

	if (a->rc == RC_OK) {
		smtp_verdict_code(a->status, &o);
	} else {
		smtp_verdict_failure(a->rc, a->detail, &o);
	}
	pthread_mutex_lock(&e->lock);
	if (e->sending == errand->number) {
		e->outcome = o;
		e->answered = true;
		pthread_cond_broadcast(&e->change);
	}
	pthread_mutex_unlock(&e->lock);
	unref(e);
	free(errand);
}

static void
hand_to_courier(struct email *e, const struct smtp_mail *mail)
{
	const struct smtp_options *relay = &e->settings.relay;
	struct errand *errand = mem_new(1, sizeof(*errand));
	struct http_mail m = {
	    .host = relay->host,
	    .port = relay->port,
	    .user = relay->user,
	    .password = relay->password,
	    .from = mail->from,
	    .to = mail->to,
	    .message = mail->message,
	    .message_len = mail->message_len,
	    .ca_file = relay->ca_file,
	    .timeout_ms = SMTP_TOTAL_MS,
	};

	pthread_mutex_lock(&e->lock);
	e->refs++;
	e->answered = false;
	*errand = (struct errand){e, ++e->sending};
	pthread_mutex_unlock(&e->lock);
	if (http_client_mail(e->env.http, &m, on_courier, errand) != RC_OK) {
		const struct http_answer full = {.rc = RC_BUSY,
		    .detail = "the courier is busy"};

		on_courier(errand, &full);
	}
}

/* False when we stop before it is known. */
static bool
send_by_courier(struct email *e, const struct smtp_mail *mail,
    struct smtp_outcome *out)
{
	bool answered;

	hand_to_courier(e, mail);
	pthread_mutex_lock(&e->lock);
	while (!e->answered && !e->cut) {
		pthread_cond_wait(&e->change, &e->lock);
	}
	answered = e->answered;
	*out = e->outcome;
	e->sending++; /* an answer that is late is nobody's */
	pthread_mutex_unlock(&e->lock);
	return answered;
}

/* False when we stop before it is known. */
static bool
carry(struct email *e, const struct smtp_mail *mail, struct smtp_outcome *out)
{
	bool cut;

	if (e->smtp == NULL) {
		return send_by_courier(e, mail, out);
	}
	smtp_send(e->smtp, mail, out);
	pthread_mutex_lock(&e->lock);
	cut = e->cut;
	pthread_mutex_unlock(&e->lock);
	return !cut || out->rc == RC_OK;
}

/* Writes the message. The strings of *out live as long as `message` and d. */
static enum rc
compose(struct email *e, struct delivery *d, struct buf *message,
    struct smtp_mail *out, const char **out_id, struct fault *f)
{
	struct email_letter letter;
	struct mime_mail m;
	enum rc rc = email_letter_write(e->templates, d, &letter, f);

	if (rc != RC_OK) {
		return rc;
	}
	*out_id = arena_printf(d->arena, "%s%s", d->id, strchr(e->from, '@'));
	m = (struct mime_mail){
	    .from = e->from,
	    .from_name = "assent",
	    .to = d->address,
	    .to_name = letter.to_name,
	    .subject = letter.subject,
	    .message_id = *out_id,
	    .date_ms = clock_now_ms(),
	    .text = letter.text,
	    .html = letter.html,
	};
	if (d->kind == DELIVERY_SETTLED && d->remote_id != NULL &&
	    mime_is_id(d->remote_id)) {
		m.in_reply_to = d->remote_id;
	}
	rc = mime_build(&m, message, f);
	*out = (struct smtp_mail){
	    .from = m.from,
	    .to = m.to,
	    .message = buf_str(message),
	    .message_len = message->len,
	};
	return rc;
}

/* What cannot be composed now cannot be composed later either. */
static void
refuse(struct email *e, const struct delivery *d, const struct fault *f)
{
	char words[SMTP_DETAIL];
	struct attempt at = {.rc = RC_INVALID, .detail = words};

	(void)snprintf(words, sizeof(words), "%s %.120s", f->field, f->text);
	tell(e, d, &at);
}

static void
mail_one(struct email *e, struct delivery *d)
{
	CLEANUP(buf_fini) struct buf message;
	struct smtp_mail mail;
	struct smtp_outcome o = {0};
	struct fault f = {0};
	struct attempt at = {.detail = o.detail};
	const char *id;

	buf_init(&message, EMAIL_MESSAGE_MAX);
	if (compose(e, d, &message, &mail, &id, &f) != RC_OK) {
		refuse(e, d, &f);
		return;
	}
	if (!carry(e, &mail, &o)) {
		return; /* the lease will run out */
	}
	note(e, &o);
	at.rc = o.rc;
	at.remote_id = o.rc == RC_OK ? id : NULL;
	tell(e, d, &at);
}

static void
work(struct email *e, struct job *job)
{
	static const struct attempt stale = {.rc = RC_BUSY,
	    .detail = "waited too long for the relay"};
	bool stopping;

	pthread_mutex_lock(&e->lock);
	stopping = e->stopping;
	pthread_mutex_unlock(&e->lock);
	if (!stopping) {
		if (clock_mono_ms() - job->queued_ms > EMAIL_STALE_MS) {
			tell(e, job->delivery, &stale);
		} else {
			mail_one(e, job->delivery);
		}
	}
	job_free(job);
}

static void *
mailer(void *arg)
{
	struct email *e = arg;
	void *job;

	for (;;) {
		if (queue_pop(e->queue, &job, 1, -1) > 0) {
			work(e, job);
		} else if (queue_closed(e->queue)) {
			break;
		}
	}
	pthread_mutex_lock(&e->lock);
	e->finished = true;
	pthread_cond_broadcast(&e->change);
	pthread_mutex_unlock(&e->lock);
	unref(e);
	return NULL;
}

/* --- the channel ---------------------------------------------------------- */

static bool
email_wanted(const struct channel_env *env)
{
	const char *host = env->setting(env->setting_ctx, "SMTP_HOST");

	return host != NULL && *host != '\0';
}

/* What the settings and the templates allow; no thread yet. */
static enum rc
prepare(struct email *e, struct fault *f)
{
	struct smtp_options *relay = &e->settings.relay;
	enum rc rc = email_settings_read(&e->env, &e->settings, f);

	if (rc == RC_OK) {
		e->from = mem_strdup(e->settings.from);
		rc =
		    email_templates_load(e->env.template_dir, &e->templates, f);
	}
	if (rc != RC_OK) {
		return rc;
	}
	if (relay->tls == SMTP_TLS_IMPLICIT) {
		return RC_OK;
	}
	if (relay->tls != SMTP_TLS_REQUIRED &&
	    !smtp_host_is_loopback(relay->host)) {
		log_warn("email goes to %s unprotected", relay->host);
	}
	return smtp_new(relay, &e->smtp, f);
}

static struct email *
email_new(const struct channel_env *env)
{
	struct email *e = mem_new(1, sizeof(*e));
	pthread_condattr_t attr;

	pthread_mutex_init(&e->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&e->change, &attr);
	pthread_condattr_destroy(&attr);
	e->refs = 1;
	e->env = *env;
	e->queue = queue_new(EMAIL_QUEUE_MAX);
	email_health_init(&e->health);
	return e;
}

static enum rc
email_start(const struct channel_env *env, void **self, struct fault *f)
{
	struct email *e = email_new(env);
	enum rc rc = prepare(e, f);

	if (rc != RC_OK) {
		unref(e);
		return rc;
	}
	e->refs++;
	if (pthread_create(&e->thread, NULL, mailer, e) != 0) {
		e->refs--;
		unref(e);
		return fault_set(f, RC_INTERNAL, "", "cannot make a thread");
	}
	*self = e;
	return RC_OK;
}

static enum rc
email_deliver(void *self, struct delivery *d)
{
	struct email *e = self;
	struct job *job = mem_new(1, sizeof(*job));
	enum rc rc;

	*job = (struct job){d, clock_mono_ms()};
	rc = queue_push(e->queue, job);
	if (rc != RC_OK) {
		free(job);
	}
	return rc;
}

/* Under the lock. */
static void
await_end(struct email *e, int ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	while (!e->finished &&
	    pthread_cond_timedwait(&e->change, &e->lock, &t) != ETIMEDOUT) {
	}
}

/*
 * A mail under way gets some time to end by itself, because one that is cut
 * may arrive twice. A thread that hangs even then, in the resolver, is left:
 * it holds its own reference and tells nobody any more.
 */
static void
email_stop(void *self)
{
	struct email *e = self;
	bool finished;

	queue_close(e->queue);
	pthread_mutex_lock(&e->lock);
	e->stopping = true;
	await_end(e, EMAIL_GRACE_MS);
	e->cut = true;
	pthread_cond_broadcast(&e->change);
	if (!e->finished && e->smtp != NULL) {
		smtp_cut(e->smtp);
	}
	await_end(e, EMAIL_GRACE_MS);
	e->gone = true;
	finished = e->finished;
	pthread_mutex_unlock(&e->lock);
	if (finished) {
		pthread_join(e->thread, NULL);
	} else {
		log_warn("email stops in the middle of a mail");
		pthread_detach(e->thread);
	}
	unref(e);
}

static void
email_health(void *self, struct channel_health *out)
{
	struct email *e = self;

	pthread_mutex_lock(&e->lock);
	*out = e->health.now;
	pthread_mutex_unlock(&e->lock);
}

const struct channel_ops channel_email = {
    .name = "email",
    .wanted = email_wanted,
    .start = email_start,
    .deliver = email_deliver,
    .health = email_health,
    .stop = email_stop,
};
