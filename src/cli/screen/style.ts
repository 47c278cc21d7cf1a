import { styleText } from 'node:util'

/** Paints parts of lines. Every colour comes with a word or a mark that says the same. */
export interface Style {
  /** Headings and figures. */
  strong(text: string): string
  /** What explains, and figures that are out of date. */
  faint(text: string): string
  /** Lines of charts, and what is as it should be. */
  accent(text: string): string
  /** What needs action. */
  alert(text: string): string
}

/** No colours. */
export const PLAIN: Style = {
  strong: (text) => text,
  faint: (text) => text,
  accent: (text) => text,
  alert: (text) => text,
}

/** Colours where the stream has them and `NO_COLOR` is not set. */
export function styleOf(stream: NodeJS.WriteStream): Style {
  // One format a call: with several, Node 20 ignores NO_COLOR.
  return {
    strong: (text) => styleText('bold', text, { stream }),
    faint: (text) => styleText('dim', text, { stream }),
    accent: (text) => styleText('cyan', text, { stream }),
    alert: (text) => styleText('red', text, { stream }),
  }
}
