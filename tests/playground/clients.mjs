// Clients in a page of another origin: the sample of the API's WebRTC guide, and
// `@openai/agents-realtime` with its WebRTC transport, both as they are published.
// Arguments: the server's base URL, a folder with sounds, scenes (all).

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { LANGUAGES } from '../../src/vivavoce/playground/js/code.js';
import { sessionOf } from '../../src/vivavoce/playground/js/session_config.js';
import { play, withPage } from './browser.mjs';

const [baseUrl, sounds, ...wanted] = process.argv.slice(2);
const speech = `${join(sounds, 'speech.wav')}%noloop`;
const lateSpeech = `${join(sounds, 'late-speech.wav')}%noloop`;

/** Open a page with these scripts, at an origin of its own, on this machine as browsers want it. */
async function open(page, scripts) {
  const server = createServer(({ url }, answer) => {
    const file = scripts[Number(url.slice(1))];
    answer.setHeader('Content-Type', url === '/' ? 'text/html' : 'text/javascript');
    if (url === '/') answer.end(scripts.map((_, n) => `<script src="/${n}"></script>`).join('\n'));
    else if (url === '/session.js') answer.end(sessionScript());
    else if (file === undefined)
      answer.writeHead(204).end(); // the icon
    else answer.end(readFileSync(file));
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  page.context().on('close', () => server.close());
  await page.goto(`http://localhost:${server.address().port}/`);
  await page.evaluate(helpers);
}

/** What the scenes need in the page: waiting, and measuring what is heard. */
function helpers() {
  window.until = async (condition, what) => {
    const start = performance.now();
    while (!condition()) {
      if (performance.now() - start > 20_000) throw new Error(`waited in vain for ${what}`);
      await new Promise((done) => setTimeout(done, 20));
    }
  };
  window.listen = (stream) => {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    return () => {
      analyser.getFloatTimeDomainData(samples);
      return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
    };
  };
}

// --- the sample of the guide -------------------------------------------------------------------

/** As in the guide but for the address, the way the key comes in, and the last lines. */
async function guide({ baseUrl }) {
  const minted = await fetch(`${baseUrl}/realtime/client_secrets`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      session: { type: 'realtime', model: 'gpt-realtime', audio: { output: { voice: 'marin' } } },
    }),
  });
  const EPHEMERAL_KEY = (await minted.json()).value;

  const pc = new RTCPeerConnection();

  const audioElement = document.createElement('audio');
  audioElement.autoplay = true;
  pc.ontrack = (e) => (audioElement.srcObject = e.streams[0]);

  const ms = await navigator.mediaDevices.getUserMedia({ audio: true });
  pc.addTrack(ms.getTracks()[0]);

  const dc = pc.createDataChannel('oai-events');

  const offer = await pc.createOffer();
  await pc.setLocalDescription(offer);

  const sdpResponse = await fetch(`${baseUrl}/realtime/calls`, {
    method: 'POST',
    body: offer.sdp,
    headers: { Authorization: `Bearer ${EPHEMERAL_KEY}`, 'Content-Type': 'application/sdp' },
  });
  const answer = { type: 'answer', sdp: await sdpResponse.text() };
  await pc.setRemoteDescription(answer);

  const events = [];
  dc.addEventListener('message', (e) => events.push(JSON.parse(e.data)));
  await until(() => audioElement.srcObject !== null, 'a track');
  const level = listen(audioElement.srcObject);
  await until(() => level() > 0.01, 'sound');
  await until(() => events.some(({ type }) => type === 'output_audio_buffer.stopped'), 'the end');
  const heard = events.find(({ type }) => type === 'response.output_audio_transcript.done');
  return {
    status: sdpResponse.status,
    location: sdpResponse.headers.get('Location'),
    transcript: heard.transcript,
    types: [...new Set(events.map(({ type }) => type))],
  };
}

// --- what the playground writes ----------------------------------------------------------------

function sessionScript() {
  const session = sessionOf({
    model: 'gpt-realtime',
    instructions: 'Help.',
    voice: 'alloy',
    speed: 1,
    modality: 'audio',
    turns: 'server_vad',
    silence: 500,
    interrupts: true,
    transcribes: true,
    tool: true,
    labels: [],
    noise: '',
  });
  const server = { baseUrl, needsKey: false, serverGoesOn: false };
  return LANGUAGES.find(({ name }) => name === 'JavaScript, page').write(session, server);
}

async function written() {
  const { talk } = await import('/session.js');
  const events = [];
  const { peer, sound } = await talk('any', (event) => events.push(event));
  await until(() => sound.srcObject !== null, 'a track');
  const level = listen(sound.srcObject);
  await until(() => level() > 0.01, 'sound');
  const done = ({ type }) => type === 'response.output_audio_transcript.done';
  await until(() => events.some(done), 'the words');
  peer.close();
  const errors = events.filter(({ type }) => type === 'error');
  return { transcript: events.find(done).transcript, errors };
}

// --- @openai/agents-realtime -------------------------------------------------------------------

async function agents({ baseUrl, isBeta, interrupts }) {
  const { RealtimeAgent, RealtimeSession, OpenAIRealtimeWebRTC, tool } = OpenAIAgentsRealtime;
  const mintedAt = isBeta ? 'realtime/sessions' : 'realtime/client_secrets';
  const body = isBeta
    ? { model: 'gpt-4o-realtime-preview' }
    : { session: { type: 'realtime', model: 'gpt-realtime' } };
  const minted = await fetch(`${baseUrl}/${mintedAt}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  const secret = await minted.json();
  const apiKey = isBeta ? secret.client_secret.value : secret.value;

  const asked = [];
  const colour = tool({
    name: 'set_page_colour',
    description: 'Change the colour of the page.',
    parameters: {
      type: 'object',
      properties: { colour: { type: 'string' } },
      required: ['colour'],
      additionalProperties: true,
    },
    strict: false,
    execute: async (args) => {
      asked.push(args.colour);
      return '{"done":true}';
    },
  });
  const agent = new RealtimeAgent({ name: 'Greeter', instructions: 'You help.', tools: [colour] });
  const audioElement = document.createElement('audio');
  audioElement.autoplay = true;
  const url = isBeta ? `${baseUrl}/realtime` : `${baseUrl}/realtime/calls`;
  const transport = new OpenAIRealtimeWebRTC({ audioElement, baseUrl: url });
  const session = new RealtimeSession(agent, {
    transport,
    model: isBeta ? 'gpt-4o-realtime-preview' : 'gpt-realtime',
  });
  const events = [];
  const errors = [];
  const wire = [];
  session.on('error', ({ error }) => errors.push(error.error ?? String(error)));
  for (const name of [
    'audio_start',
    'audio_stopped',
    'audio_interrupted',
    'agent_end',
    'agent_tool_end',
  ]) {
    session.on(name, () => events.push(name));
  }
  session.on('transport_event', (event) => wire.push(event.type));
  await session.connect({ apiKey });
  await until(() => audioElement.srcObject !== null, 'a track');
  const level = listen(audioElement.srcObject);
  const said = () =>
    session.history
      .filter((item) => item.type === 'message')
      .map((item) => [
        item.role,
        item.content.map((part) => part.text ?? part.transcript ?? '').join(' '),
      ]);
  const answered = (text) =>
    until(() => said().some(([role, words]) => role === 'assistant' && words.includes(text)), text);

  if (interrupts) {
    session.sendMessage('Tell me a story.');
    await until(() => level() > 0.01, 'the story');
    await until(() => wire.includes('output_audio_buffer.cleared'), 'the interruption');
  } else {
    session.sendMessage('Make this page orange.');
    await answered('It is orange now.');
  }
  await until(() => level() > 0.01, 'sound');
  await answered('Going forward, ten meters.');
  await until(
    () => said().some(([, words]) => words === 'Go forward ten meters.'),
    'what was said',
  );
  session.close();
  return { asked, errors, events: [...new Set(events)], history: said(), wire: [...new Set(wire)] };
}

const bundle = (name) =>
  fileURLToPath(
    new URL(`node_modules/${name}/dist/bundle/openai-realtime-agents.umd.js`, import.meta.url),
  );
const newest = bundle('@openai/agents-realtime');
const oldest = bundle('agents-realtime-0.0.5');

const inPage =
  (microphone, scripts, program, options = {}) =>
  () =>
    withPage({ microphone }, async (page) => {
      await open(page, scripts);
      return page.evaluate(program, { baseUrl, ...options });
    });

await play(
  {
    guide: inPage(speech, [], guide),
    code: inPage(speech, [], written),
    agents: inPage(lateSpeech, [newest], agents),
    agents_interruption: inPage(lateSpeech, [newest], agents, { interrupts: true }),
    agents_beta: inPage(lateSpeech, [oldest], agents, { isBeta: true }),
    agents_beta_interruption: inPage(lateSpeech, [oldest], agents, {
      isBeta: true,
      interrupts: true,
    }),
  },
  wanted,
);
