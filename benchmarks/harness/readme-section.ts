const START = '<!-- benchmarks: written by `npm run bench`, do not edit -->'
const END = '<!-- /benchmarks -->'

/**
 * The README with a new text between its two marks.
 *
 * @throws Error when the marks are missing
 */
export function withBenchmarks(readme: string, section: string): string {
  const start = readme.indexOf(START)
  const end = readme.indexOf(END, start)
  if (start < 0 || end < 0) {
    throw new Error(`README.md: expected a line ${START} and one ${END} behind it`)
  }
  return `${readme.slice(0, start + START.length)}\n${section}\n${readme.slice(end)}`
}
