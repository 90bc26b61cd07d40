/** The sample tool. It runs in the page, where its effect can be seen. */

const COLOURS = ['green', 'blue', 'orange', 'pink', 'violet'];

export const SAMPLE_TOOL = {
  type: 'function',
  name: 'set_page_colour',
  description: 'Change the colour of the page that the user is looking at.',
  parameters: {
    type: 'object',
    properties: { colour: { type: 'string', enum: COLOURS } },
    required: ['colour'],
  },
};

/** Carry out a call; return its output, which the model reads. */
export function runTool(name, args) {
  if (name !== SAMPLE_TOOL.name) return JSON.stringify({ error: `There is no tool ${name}.` });
  let colour;
  try {
    ({ colour } = JSON.parse(args));
  } catch {
    return JSON.stringify({ error: 'The arguments are no JSON.' });
  }
  if (!COLOURS.includes(colour)) return JSON.stringify({ error: `There is no colour ${colour}.` });
  document.documentElement.dataset.colour = colour;
  return JSON.stringify({ done: true, colour });
}
