const DARK = '(prefers-color-scheme: dark)'
const NAMES = ['text', 'muted', 'line', 'accent', 'accent-soft', 'panel'] as const

/** The colours of canvases: the colours of the style sheet for the current colour scheme. */
export type Palette = Readonly<Record<(typeof NAMES)[number], string>> & {
  readonly isDark: boolean
}

const query = matchMedia(DARK)
let current: Palette | undefined

/** The palette of the current colour scheme. */
export function palette(): Palette {
  current ??= read()
  return current
}

/** Calls a listener when the colour scheme of the system changes. */
export function onSchemeChange(listener: () => void): void {
  query.addEventListener('change', () => {
    current = undefined
    listener()
  })
}

function read(): Palette {
  const style = getComputedStyle(document.documentElement)
  const colours = NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])
  return {
    ...(Object.fromEntries(colours) as Record<(typeof NAMES)[number], string>),
    isDark: query.matches,
  }
}
