/** Sound as numbers: 16-bit PCM and G.711 to and from base64. */

export const RATE_HZ = 24_000;
const CHUNK = 0x8000; // arguments that fromCharCode takes at once

/** Encode bytes. */
export function toBase64(bytes) {
  let text = '';
  for (let start = 0; start < bytes.length; start += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(start, start + CHUNK));
  }
  return btoa(text);
}

/** Decode to bytes. */
export function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Return 16-bit little-endian samples of numbers from -1 to 1. */
export function pcmOf(samples) {
  const view = new DataView(new ArrayBuffer(samples.length * 2));
  samples.forEach((sample, index) => {
    view.setInt16(index * 2, Math.max(-1, Math.min(1, sample)) * 0x7fff, true);
  });
  return new Uint8Array(view.buffer);
}

/** Return numbers from -1 to 1 of 16-bit little-endian samples; half a sample is dropped. */
export function samplesOf(pcm) {
  const view = new DataView(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  const samples = new Float32Array(pcm.byteLength >> 1);
  for (let index = 0; index < samples.length; index++) {
    samples[index] = view.getInt16(index * 2, true) / 0x8000;
  }
  return samples;
}

/** Return 24 kHz numbers of sound in a format of the protocol. */
export function decoded(bytes, format) {
  if (format === 'audio/pcmu') return tripled(bytes, muLaw);
  if (format === 'audio/pcma') return tripled(bytes, aLaw);
  return samplesOf(bytes);
}

/** From 8 kHz to 24 kHz, in straight lines: enough for listening to a recording. */
function tripled(bytes, law) {
  const samples = new Float32Array(bytes.length * 3);
  let last = 0;
  bytes.forEach((byte, index) => {
    const next = law(byte);
    for (let part = 0; part < 3; part++)
      samples[index * 3 + part] = last + ((next - last) * (part + 1)) / 3;
    last = next;
  });
  return samples;
}

function muLaw(byte) {
  const flipped = ~byte & 0xff;
  const magnitude = (((flipped & 0x0f) << 3) + 0x84) << ((flipped & 0x70) >> 4);
  const value = magnitude - 0x84;
  return (flipped & 0x80 ? -value : value) / 0x8000;
}

function aLaw(byte) {
  const flipped = byte ^ 0x55;
  const exponent = (flipped & 0x70) >> 4;
  const mantissa = ((flipped & 0x0f) << 4) + 8;
  const value = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return (flipped & 0x80 ? value : -value) / 0x8000;
}
