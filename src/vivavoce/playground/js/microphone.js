/** The microphone, and what is wrong when there is none. */

const CONSTRAINTS = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
};

/** There is no sound to be had; `message` says why, and what to do. */
export class MicrophoneRefused extends Error {}

/** Open the microphone. Raises `MicrophoneRefused`. */
export async function openMicrophone() {
  if (navigator.mediaDevices === undefined) {
    throw new MicrophoneRefused(
      'Browsers give the microphone only to pages of your own machine (http://localhost) or to ' +
        'https. Start the server with --tls-self-signed, or type instead.',
    );
  }
  try {
    return await navigator.mediaDevices.getUserMedia(CONSTRAINTS);
  } catch (error) {
    throw new MicrophoneRefused(inPlainWords(error));
  }
}

function inPlainWords(error) {
  switch (error.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return (
        'The browser does not let this page use the microphone. Allow it with the button beside ' +
        'the address, then press Start talking again. Or type instead.'
      );
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'No microphone was found. Connect one, then press Start talking again. Or type instead.';
    case 'NotReadableError':
    case 'AbortError':
      return (
        'The microphone cannot be used just now: another program may have taken it. Close that ' +
        'program, then press Start talking again. Or type instead.'
      );
    default:
      return `The microphone cannot be used (${error.name}). Type instead.`;
  }
}
