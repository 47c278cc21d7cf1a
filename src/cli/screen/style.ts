import { styleText } from 'node:util'

/** Styles parts of lines. Each colour only repeats a word or a mark. */
export interface Style {
  /** Headings and figures. */
  strong(text: string): string
  /** Explanations, and figures that are out of date. */
  faint(text: string): string
  /** Lines of charts, and normal states. */
  accent(text: string): string
  /** Problems. */
  alert(text: string): string
}

/** No colours. */
export const PLAIN: Style = {
  strong: (text) => text,
  faint: (text) => text,
  accent: (text) => text,
  alert: (text) => text,
}

/** Colours if the stream has them and `NO_COLOR` is not set. */
export function styleOf(stream: NodeJS.WriteStream): Style {
  // One format per call: with several, Node 20 ignores NO_COLOR.
  return {
    strong: (text) => styleText('bold', text, { stream }),
    faint: (text) => styleText('dim', text, { stream }),
    accent: (text) => styleText('cyan', text, { stream }),
    alert: (text) => styleText('red', text, { stream }),
  }
}
