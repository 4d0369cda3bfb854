// A bot on discord.js. Orders come as JSON lines on standard input, what
// happens goes out as JSON lines; the script "run" compares both sides.
'use strict';
const readline = require('readline');
const {
  ActionRowBuilder, ButtonBuilder, Client, EmbedBuilder, LabelBuilder,
  ModalBuilder, Routes, TextInputBuilder,
} = require('discord.js');

const say = (what, more = {}) =>
  console.log(JSON.stringify({ what, ...more }));
const client = new Client({
  intents: Number(process.env.INTENTS || 0),
  rest: { api: process.env.API, version: '10', retries: 1, timeout: 3000 },
});

function buttons(...names) {
  return [new ActionRowBuilder().addComponents(names.map((name, i) =>
    new ButtonBuilder().setCustomId(name).setLabel(name)
      .setStyle(1 + (i % 4))))];
}

function form() {
  return new ModalBuilder().setCustomId('reason:1').setTitle('Deny')
    .addLabelComponents(new LabelBuilder().setLabel('Reason')
      .setTextInputComponent(new TextInputBuilder().setCustomId('why')
        .setStyle(2).setMinLength(1).setMaxLength(100)));
}

const none = { allowedMentions: { parse: [] } };
const pressed = {
  approve: (i) => i.update({ content: 'approved', components: [], ...none }),
  refuse: (i) => i.reply({ content: 'not you', flags: 64, ...none }),
  deny: (i) => i.showModal(form()),
  async later(i) {
    await i.deferUpdate();
    await i.editReply({ content: 'edited', components: [], ...none });
  },
  async follow(i) {
    await i.deferUpdate();
    await i.followUp({ content: 'by the way', flags: 64, ...none });
  },
  async slow(i) {
    await new Promise((done) => setTimeout(done, 3200));
    await i.reply({ content: 'too late', ...none });
  },
  async twice(i) {
    const route = Routes.interactionCallback(i.id, i.token);
    const body = { type: 4, data: {
      content: 'once', flags: 64, allowed_mentions: { parse: [] } } };
    await client.rest.post(route, { body, auth: false });
    await client.rest.post(route, { body, auth: false });
  },
};

client.on('interactionCreate', async (i) => {
  const seen = { id: i.id, user: i.user.id, guild: i.guildId,
    channel: i.channelId, message: i.message && i.message.id,
    custom_id: i.customId,
    roles: i.member && (i.member._roles || i.member.roles) };
  if (i.isModalSubmit()) {
    say('modal', { ...seen, why: i.fields.getTextInputValue('why') });
    await i.update({ content: 'denied', components: [], ...none });
    return;
  }
  say('click', seen);
  try {
    await pressed[i.customId](i);
    say('done', { id: i.id });
  } catch (error) {
    say('failed', { id: i.id, code: error.code, status: error.status });
  }
});

const orders = {
  async post({ channel, names, nonce, file }) {
    const target = await client.channels.fetch(channel,
      { allowUnknownGuild: true });
    const sent = await target.send({
      embeds: [new EmbedBuilder().setTitle('Approve?')
        .addFields({ name: 'Agent', value: 'bot' })],
      components: buttons(...names), nonce, enforceNonce: nonce !== undefined,
      files: file ? [{ attachment: Buffer.from(file), name: 'all.txt' }] : [],
      ...none });
    return { message: sent.id };
  },
  async dm({ user }) {
    const sent = await (await client.users.fetch(user))
      .send({ content: 'hello', ...none });
    return { message: sent.id, channel: sent.channelId };
  },
  async edit({ channel, message, content }) {
    const target = await client.channels.fetch(channel,
      { allowUnknownGuild: true });
    const one = await target.messages.fetch(message);
    await one.edit({ content, components: [], ...none });
    return {};
  },
  raw: async ({ method, path, body }) =>
    ({ answer: await client.rest[method](path, { body }) }),
};

readline.createInterface({ input: process.stdin }).on('line', async (line) => {
  const order = JSON.parse(line);
  try {
    say('did', { n: order.n, ...await orders[order.do](order) });
  } catch (error) {
    say('did', { n: order.n, code: error.code, status: error.status,
      words: error.message,
      errors: error.rawError && error.rawError.errors });
  }
}).on('close', () => process.exit(0));

client.on('clientReady', (c) => say('ready', { user: c.user.id }));
client.on('shardResume', (_, replayed) => say('resumed', { replayed }));
client.on('shardDisconnect', (event) => say('gone', { code: event.code }));
client.on('error', (error) => say('error', { words: error.message }));
client.login(process.env.TOKEN).catch((error) => {
  say('fatal', { words: error.message, code: error.code });
});
