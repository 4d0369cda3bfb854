// An approval app on @slack/bolt. Prints what it gets and is told, a JSON
// object on each line; calls the methods that it reads from its input.
'use strict';
const readline = require('node:readline');
const { App, LogLevel } = require('@slack/bolt');

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const app = new App({
  token: process.env.SLACK_BOT_TOKEN,
  appToken: process.env.SLACK_APP_TOKEN,
  socketMode: true,
  logLevel: LogLevel.ERROR,
  logger: {
    debug() {}, info() {}, warn() {},
    error: (...words) => say({ log: words.map(String).join(' ') }),
    setLevel() {}, getLevel: () => LogLevel.ERROR, setName() {},
  },
  clientOptions: {
    slackApiUrl: process.env.SLACK_API_URL,
    retryConfig: { retries: 2, minTimeout: 100, maxTimeout: 200 },
    rejectRateLimitedCalls: false,
  },
});

app.action('approve', async ({ ack, body, action, client, context }) => {
  await ack();
  say({ action: action.action_id, value: action.value, user: body.user.id,
    team: context.teamId, block: action.block_id,
    message: body.message.ts, container: body.container });
  await client.chat.update({ channel: body.channel.id, ts: body.message.ts,
    text: 'Approved', blocks: [{ type: 'section',
      text: { type: 'mrkdwn', text: `Approved by <@${body.user.id}>` } }] });
  say({ updated: body.message.ts });
});

app.action('deny', async ({ ack, body, client }) => {
  await ack();
  const opened = await client.views.open({ trigger_id: body.trigger_id, view: {
    type: 'modal', callback_id: 'reason', private_metadata: body.message.ts,
    notify_on_close: true,
    title: { type: 'plain_text', text: 'Deny' },
    submit: { type: 'plain_text', text: 'Deny' },
    blocks: [{ type: 'input', block_id: 'why', optional: true,
      label: { type: 'plain_text', text: 'Reason' },
      element: { type: 'plain_text_input', action_id: 'text' } }] } });
  say({ opened: opened.view.id });
  try {
    await client.views.open({ trigger_id: body.trigger_id,
      view: { type: 'modal', title: { type: 'plain_text', text: 'Again' },
        blocks: [] } });
  } catch (error) {
    say({ again: error.data.error });
  }
});

app.view('reason', async ({ ack, view, body }) => {
  const why = view.state.values.why.text.value;
  if (why === 'short') {
    await ack({ response_action: 'errors', errors: { why: 'Say more.' } });
    return;
  }
  await ack();
  say({ submitted: why, user: body.user.id, about: view.private_metadata });
});

app.view({ callback_id: 'reason', type: 'view_closed' },
  async ({ ack, view, body }) => {
    await ack();
    say({ closed: view.id, cleared: body.is_cleared });
  });

app.command('/approvals', async ({ ack, command, respond }) => {
  if (command.text === 'later') {
    await ack();
    await respond({ text: 'later', response_type: 'ephemeral' });
  } else {
    await ack({ text: `for ${command.user_id}`, response_type: 'ephemeral' });
  }
  say({ command: command.command, text: command.text });
});

app.event('app_home_opened', async ({ event, body }) => {
  say({ event: event.type, id: body.event_id });
});

process.on('unhandledRejection', (error) => {
  say({ refused: error.data?.error ?? error.message });
});

app.error(async (error) => say({ failed: error.message }));

async function call({ id, method, args }) {
  try {
    say({ id, answer: await app.client.apiCall(method, args) });
  } catch (error) {
    say({ id, error: error.data?.error ?? error.code, data: error.data });
  }
}

readline.createInterface({ input: process.stdin })
  .on('line', (line) => call(JSON.parse(line)))
  .on('close', () => app.stop().then(() => process.exit(0)));

app.start().then(() => say({ started: true }), (error) => {
  say({ refused: error.data?.error ?? error.message });
  process.exit(1);
});
