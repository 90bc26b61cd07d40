/** From what was chosen on the page to the `session` of the protocol. */

import { serverTools } from './server_tools.js';
import { SAMPLE_TOOL } from './tool.js';

export const TRANSCRIPTION_MODEL = 'gpt-4o-mini-transcribe';

/**
 * Return the session. `choices`: instructions, voice, speed, model, turns, silence, eagerness,
 * interrupts, transcribes, tool, modality, noise, and those of `serverTools`.
 */
export function sessionOf(choices) {
  return {
    type: 'realtime',
    model: choices.model,
    instructions: choices.instructions,
    output_modalities: [choices.modality],
    audio: {
      input: {
        transcription: choices.transcribes ? { model: TRANSCRIPTION_MODEL } : null,
        noise_reduction: choices.noise ? { type: choices.noise } : null,
        turn_detection: turnDetection(choices),
      },
      output: { voice: choices.voice, speed: choices.speed },
    },
    tools: [...(choices.tool ? [SAMPLE_TOOL] : []), ...serverTools(choices)],
    tool_choice: 'auto',
  };
}

/** Return what of it may change while the session lasts: the model never does. */
export function updateOf(choices) {
  const { model: _model, ...session } = sessionOf(choices);
  return session;
}

function turnDetection(choices) {
  switch (choices.turns) {
    case 'server_vad':
      return {
        type: 'server_vad',
        silence_duration_ms: choices.silence,
        interrupt_response: choices.interrupts,
      };
    case 'semantic_vad':
      return {
        type: 'semantic_vad',
        eagerness: choices.eagerness,
        interrupt_response: choices.interrupts,
      };
    default:
      return null;
  }
}
