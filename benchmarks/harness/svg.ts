/** Escapes text for use between two tags or quotes. */
export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}

/** Attributes of an element. */
export type Attributes = Readonly<Record<string, string | number>>

/** An element of a picture; numbers to a tenth. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const text = Object.entries(attributes)
    .map(
      ([key, value]) => ` ${key}="${escapeXml(typeof value === 'number' ? tenth(value) : value)}"`,
    )
    .join('')
  return content === '' ? `<${name}${text}/>` : `<${name}${text}>${content}</${name}>`
}

/** A text at a place. */
export function label(x: number, y: number, text: string, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, escapeXml(text))
}

/** A picture with a background of its own, so that it can be read in a dark theme too. */
export function picture(width: number, height: number, title: string, parts: string[]): string {
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    'font-family': 'system-ui, sans-serif',
    'font-size': '13',
    role: 'img',
  }
  const ground = element('rect', { width, height, fill: '#ffffff' })
  const named = `<title>${escapeXml(title)}</title>`
  return `${element('svg', attributes, `\n${[named, ground, ...parts].join('\n')}\n`)}\n`
}

/** Powers of ten from the one below the least value to the one above the greatest. */
export function decades(values: readonly number[]): number[] {
  const positive = values.filter((value) => value > 0)
  const first = Math.floor(Math.log10(Math.min(...positive)))
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...positive))))
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index))
}

function tenth(value: number): string {
  return String(Math.round(value * 10) / 10)
}
