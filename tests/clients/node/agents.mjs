// `@openai/agents-realtime` over WebSocket, in Node, as its guide shows it: semantic_vad,
// transcription and tracing are its defaults.

import { RealtimeAgent, RealtimeSession, tool } from '@openai/agents-realtime';
import { z } from 'zod';

import { Inbox, ONE_SECOND, baseURL, play, speech } from './scenes.mjs';

const url = `${baseURL.replace(/^http/, 'ws')}/realtime?model=gpt-realtime`;

const SERVER_VAD = {
  transcription: { model: 'gpt-4o-mini-transcribe' },
  turnDetection: { type: 'server_vad' },
};

/** One pixel. */
const PICTURE =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const asked = [];
const weather = tool({
  name: 'get_weather',
  description: 'Tell the weather.',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => {
    asked.push(city);
    return 'sunny, 24 degrees';
  },
});
const refunds = new RealtimeAgent({
  name: 'refunds',
  handoffDescription: 'Knows all about refunds.',
  instructions: 'You pay back.',
});
const greeter = new RealtimeAgent({
  name: 'greeter',
  instructions: 'You help.',
  tools: [weather],
  handoffs: [refunds],
});

await play({
  text: () =>
    withSession(async (session, inbox) => {
      session.sendMessage('What is the capital of France?');
      await inbox.until(is('agent_end'));

      return { history: transcripts(session), usage: session.usage.outputTokens };
    }),

  picture: () =>
    withSession(async (session, inbox) => {
      session.addImage(PICTURE, { triggerResponse: false });
      const done = await inbox.until(isWire('conversation.item.done'));
      session.sendMessage('What is the capital of France?');
      await inbox.until(is('agent_end'));

      return { history: transcripts(session), done };
    }),

  speech: () => withSession(spoken),

  speech_with_server_vad: () =>
    withSession(spoken, { config: { audio: { input: SERVER_VAD } } }),

  interruption: () =>
    withSession(async (session, inbox) => {
      session.sendMessage('Tell me a story.');
      await inbox.until(is('audio'));

      say(session, speech.subarray(0, ONE_SECOND));
      await inbox.until(is('audio_interrupted'));
      const truncated = await inbox.until(isWire('conversation.item.truncated'));
      say(session, speech.subarray(ONE_SECOND));
      await answered(inbox);

      return { history: transcripts(session), audio_end_ms: truncated.event.audio_end_ms };
    }),

  function_call: () =>
    withSession(async (session, inbox) => {
      session.sendMessage('What is the weather in Oslo?');
      const ended = await inbox.until(is('agent_tool_end'));
      await answered(inbox);

      return { asked, result: ended.result, history: transcripts(session) };
    }),

  handoff: () =>
    withSession(async (session, inbox) => {
      session.sendMessage('I want a refund.');
      await inbox.until(is('agent_handoff'));
      await answered(inbox);

      return { agent: session.currentAgent.name, history: transcripts(session) };
    }),

  history: () =>
    withSession(async (session, inbox) => {
      session.sendMessage('What is the capital of France?');
      await inbox.until(is('agent_end'));

      session.updateHistory((history) => history.slice(1));
      await inbox.until(isWire('conversation.item.deleted'));

      return { history: transcripts(session) };
    }),

  wrong_event: () =>
    withSession(async (session, inbox) => {
      session.transport.sendEvent({ type: 'response.fly', event_id: 'mine' });
      const { error } = await inbox.until(is('error'));

      session.sendMessage('What is the capital of France?');
      await inbox.until(is('agent_end'));

      return { error, history: transcripts(session) };
    }),
});

async function spoken(session, inbox) {
  let audio = 0;
  session.on('audio', (event) => (audio += event.data.byteLength));

  say(session);
  await inbox.until(is('agent_end'));

  return { history: transcripts(session), audio_ms: audio / 48 };
}

async function withSession(scene, options = {}) {
  const session = new RealtimeSession(greeter, {
    transport: 'websocket',
    model: 'gpt-realtime',
    ...options,
  });
  const inbox = new Inbox();
  const errors = [];
  session.on('error', ({ error }) => inbox.put({ name: 'error', error: error.error ?? error }));
  session.on('error', ({ error }) => errors.push(error.error ?? String(error)));
  session.on('audio', () => inbox.put({ name: 'audio' }));
  session.on('audio_interrupted', () => inbox.put({ name: 'audio_interrupted' }));
  session.on('agent_end', () => inbox.put({ name: 'agent_end' }));
  session.on('agent_handoff', () => inbox.put({ name: 'agent_handoff' }));
  session.on('agent_tool_end', (_c, _a, _t, result) =>
    inbox.put({ name: 'agent_tool_end', result }),
  );
  session.on('transport_event', (event) => inbox.put({ name: 'wire', event }));
  await session.connect({ url, apiKey: 'any' });
  try {
    await inbox.until(isWire('session.updated'));
    return { ...(await scene(session, inbox)), errors };
  } finally {
    session.close();
  }
}

/** Who said what: of each message, the role and its text or transcript. */
function transcripts(session) {
  return session.history
    .filter((item) => item.type === 'message')
    .map((item) => [item.role, item.content.map((part) => part.text ?? part.transcript).join(' ')]);
}

/** Wait for the end of a response that says something. */
async function answered(inbox) {
  await inbox.until(isWire('response.output_audio_transcript.done'));
  await inbox.until(is('agent_end'));
}

function say(session, sound = speech) {
  for (let start = 0; start < sound.length; start += 4800) {
    session.sendAudio(new Uint8Array(sound.subarray(start, start + 4800)).buffer);
  }
}

function is(name) {
  return (event) => event.name === name;
}

function isWire(type) {
  return (event) => event.name === 'wire' && event.event.type === type;
}
