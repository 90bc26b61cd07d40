/** What the page asks of the server over HTTP. */

/** The server said no; `message` is for people. */
export class Refused extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

export const BASE_URL = `${location.origin}/v1`;

/** Ask what there is to choose; without the right key only whether one is needed. */
export async function readSetup(key) {
  return (await request('/playground/setup', key)).json();
}

/** Mint a short-lived key to which the session is bound. */
export async function mintKey(key, session) {
  const body = JSON.stringify({ expires_after: { anchor: 'created_at', seconds: 600 }, session });
  const answer = await request('/v1/realtime/client_secrets', key, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body,
  });
  return (await answer.json()).value;
}

/** List the recordings, newest first. */
export async function listRecordings(key) {
  return (await (await request('/playground/recordings', key)).json()).data;
}

/** Read the lines of a recording. */
export async function readRecording(key, name) {
  return (await request(`/playground/recordings/${encodeURIComponent(name)}`, key)).text();
}

/** Send the offer of a call; return the answer. Raises `Refused`. */
export async function offerCall(ephemeralKey, offer) {
  const answer = await request('/v1/realtime/calls?extensions=1', ephemeralKey, {
    method: 'POST',
    headers: { 'Content-Type': 'application/sdp' },
    body: offer,
  });
  return answer.text();
}

async function request(path, key, options = {}) {
  const headers = { ...options.headers };
  if (key) headers.Authorization = `Bearer ${key}`;
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch {
    throw new Refused('The server cannot be reached. Is it still running?');
  }
  if (!answer.ok) throw new Refused(await reason(answer), answer.status);
  return answer;
}

async function reason(answer) {
  try {
    return (await answer.json()).error.message;
  } catch {
    return `The server answered with ${answer.status} ${answer.statusText}.`;
  }
}
