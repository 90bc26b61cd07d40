/** The tools that the server runs: as chosen in the form, and as entries of a session. */

import { byId, element } from './dom.js';

const WHAT = { files: 'files: documents on the server', code: 'code: Python in a sandbox' };

/** Return the entries of a session. `choices`: labels, mcpLabel, mcpUrl, approval. */
export function serverTools({ labels, mcpLabel, mcpUrl, approval }) {
  const own = mcpLabel && mcpUrl ? [{ server_label: mcpLabel, server_url: mcpUrl }] : [];
  return [...labels.map((label) => ({ server_label: label })), ...own].map((server) => ({
    type: 'mcp',
    ...server,
    require_approval: approval,
  }));
}

/** Let a form choose among the servers of tools that need no address. */
export function offerLabels(labels) {
  byId('tool-labels').replaceChildren(
    ...labels.map((label) =>
      element(
        'label',
        { class: 'check' },
        element('input', { type: 'checkbox', name: 'labels', value: label }),
        ` ${WHAT[label] ?? label}`,
      ),
    ),
  );
}

/** Return what of the form is about tools of servers. An address that is none is left out. */
export function readServerTools(form) {
  const { mcpLabel, mcpUrl, approval } = form.elements;
  const isWhole = mcpLabel.validity.valid && mcpUrl.validity.valid;
  return {
    labels: boxes(form)
      .filter((box) => box.checked)
      .map((box) => box.value),
    mcpLabel: isWhole ? mcpLabel.value.trim() : '',
    mcpUrl: isWhole ? mcpUrl.value.trim() : '',
    approval: approval.value,
  };
}

/** Choose again what was chosen last, as far as the server still has it. */
export function recallLabels(form, labels) {
  for (const box of boxes(form)) box.checked = Array.isArray(labels) && labels.includes(box.value);
}

function boxes(form) {
  return [...form.querySelectorAll('input[name="labels"]')];
}
