// What a page measures of its own call: when an answer is heard, and when it is silent again.
// Arguments: the server's base URL, a WAV file as the microphone: silence, then a voice, and so on.

import { createServer } from 'node:http';

import { play, withPage } from '../tests/playground/browser.mjs';

const [baseUrl, microphone] = process.argv.slice(2);
const N = 12;

async function measure({ baseUrl, N }) {
  const LOUD = 0.02;
  const SILENT_MS = 400; // the tones of an answer have 50 ms of silence between them
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const until = async (condition, what) => {
    const start = performance.now();
    while (!condition()) {
      if (performance.now() - start > 20_000) throw new Error(`waited in vain for ${what}`);
      await sleep(2);
    }
    return performance.now();
  };
  const context = new AudioContext();
  const listen = (stream) => {
    const analyser = context.createAnalyser();
    analyser.fftSize = 256; // 5 ms
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    return () => {
      analyser.getFloatTimeDomainData(samples);
      return samples.some((sample) => Math.abs(sample) > LOUD);
    };
  };
  const asking = (words) => [
    {
      type: 'conversation.item.create',
      item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: words }] },
    },
    { type: 'response.create' },
  ];

  // --- a call ---
  const peer = new RTCPeerConnection();
  const loudspeaker = document.createElement('audio');
  loudspeaker.autoplay = true;
  peer.ontrack = ({ streams }) => (loudspeaker.srcObject = streams[0]);
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  peer.addTrack(stream.getTracks()[0]);
  const channel = peer.createDataChannel('oai-events');
  const events = [];
  channel.onmessage = ({ data }) => events.push(JSON.parse(data));
  const has = (type, after) => events.slice(after).some((event) => event.type === type);
  await peer.setLocalDescription();
  const answer = await fetch(`${baseUrl}/realtime/calls`, {
    method: 'POST',
    body: peer.localDescription.sdp,
    headers: { Authorization: 'Bearer any', 'Content-Type': 'application/sdp' },
  });
  await peer.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
  await until(() => has('session.created', 0), 'the session');
  await until(() => loudspeaker.srcObject !== null, 'a track');
  const hears = listen(loudspeaker.srcObject);
  const speaks = listen(stream);
  const send = (event) => channel.send(JSON.stringify(event));
  const detects = (turn_detection) =>
    send({ type: 'session.update', session: { type: 'realtime', audio: { input: { turn_detection } } } });

  // --- from the question to its first sound ---
  detects(null);
  const firstSounds = [];
  for (let n = 0; n < N; n += 1) {
    const before = events.length;
    await sleep(300 + 7 * n);
    const start = performance.now();
    asking('short').forEach(send);
    firstSounds.push((await until(hears, 'an answer')) - start);
    await until(() => has('output_audio_buffer.stopped', before), 'the end of an answer');
  }

  // --- from the first sound of a voice to the last sound of the answer ---
  detects({ type: 'server_vad', create_response: false, silence_duration_ms: 200 });
  const silences = [];
  for (let n = 0; n < N; n += 1) {
    await until(() => !speaks(), 'silence');
    asking('long').forEach(send);
    await until(hears, 'a long answer');
    const start = await until(speaks, 'a voice');
    let last = start;
    await until(() => {
      if (hears()) last = performance.now();
      return performance.now() - last > SILENT_MS;
    }, 'silence of the answer');
    silences.push(last - start);
    await sleep(1_500); // to the end of the turn
  }
  peer.close();

  // --- the same question over a WebSocket ---
  const socket = new WebSocket(`${baseUrl.replace('http', 'ws')}/realtime?model=gpt-realtime`, [
    'realtime',
    'openai-insecure-api-key.any',
  ]);
  const told = [];
  socket.onmessage = ({ data }) => told.push(JSON.parse(data).type);
  await until(() => told.includes('session.created'), 'the session');
  const firstDeltas = [];
  for (let n = 0; n < N; n += 1) {
    told.length = 0;
    const start = performance.now();
    asking('short').forEach((event) => socket.send(JSON.stringify(event)));
    const delta = 'response.output_audio.delta';
    firstDeltas.push((await until(() => told.includes(delta), 'a delta')) - start);
    await until(() => told.includes('response.done'), 'the end');
  }
  socket.close();
  return { firstSounds, firstDeltas, silences };
}

/** A page at an origin of its own, on this machine as browsers want it. */
async function inPage() {
  const server = createServer((_, answer) => {
    answer.setHeader('Content-Type', 'text/html');
    answer.end('<link rel="icon" href="data:,">');
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const options = { microphone, patienceMs: 120_000 };
  const seen = await withPage(options, async (page) => {
    await page.goto(`http://localhost:${server.address().port}/`);
    return page.evaluate(measure, { baseUrl, N });
  });
  server.close();
  return seen;
}

await play({ page: inPage });
