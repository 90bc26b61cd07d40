/** Light or dark: as the system has it, until the user chooses. */

const KEY = 'vivavoce.theme';

/** Apply what was chosen earlier, and let the button change it. */
export function startTheme(button) {
  const chosen = remembered();
  if (chosen !== null) document.documentElement.dataset.theme = chosen;
  button.addEventListener('click', () => {
    const next = isDark() ? 'light' : 'dark';
    document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // Private windows may keep nothing: then the choice lasts until a reload.
    }
  });
}

function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme === undefined
    ? matchMedia('(prefers-color-scheme: dark)').matches
    : theme === 'dark';
}

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
