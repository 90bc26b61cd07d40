/** A picture for the model: made small, so that it fits into one event. */

/** A data channel takes messages of 256 KiB; the server sends the picture back in its item. */
const MAX_CHARS = 200_000;
/** Tried in turn, in pixels: small print stays legible as long as it fits. */
const LONGEST_SIDES = [1600, 1200, 900, 640, 480, 320];
const QUALITY = 0.8;

/** Return a file as a data URL of a JPEG. Raises an Error whose message is for people. */
export async function pictureOf(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error('This file is no picture that the browser can read.');
  }
  try {
    for (const side of LONGEST_SIDES) {
      const url = drawn(bitmap, side);
      if (url.length <= MAX_CHARS) return url;
    }
  } finally {
    bitmap.close();
  }
  throw new Error('This picture can not be made small enough to be sent.');
}

/** The first picture among dropped or pasted files; undefined if there is none. */
export function pictureAmong(files) {
  return [...(files ?? [])].find(({ type }) => type.startsWith('image/'));
}

function drawn(bitmap, longestSide) {
  const scale = Math.min(1, longestSide / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const pen = canvas.getContext('2d');
  pen.fillStyle = '#fff'; // JPEG has no transparency
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/jpeg', QUALITY);
}
