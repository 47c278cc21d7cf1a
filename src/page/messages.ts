import type { LiveView } from '../live/live-view.js'
import { printable } from '../live/printable.js'
import { type Failure, reasonOf } from './connection-state.js'
import { button, element } from './element.js'
import { codes, type MessageContent, paragraph } from './message.js'
import type { AddressProblem, PageState } from './page-state.js'
import { countOf } from './units.js'

type Content = Omit<MessageContent, 'key'>

/** The status of a server that has reached `streamsMax`. */
const BUSY_STATUS = 503
/** Maximum number of names in a message. */
const NAMES_MAX = 12
/** The code that connects an engine, as in the README. */
const CONNECT_LINES = [
  'const aggregator = new EngineAggregator()',
  'const link = aggregator.connect(0)',
  "new Worker('./engine.js', { workerData: { link }, transferList: link.transferList })",
]
const RECORD_LINES = [
  'const recorder = createRecorder(workerData.link)',
  "recorder.record('load_get', 0.0021, 12, { numBytes: 2_013_265_920 })",
]

/** The message for an address with unknown parameters or values. */
export function addressMessage(problems: readonly AddressProblem[], onReset: () => void): Content {
  return {
    title: 'The address of this page has an unknown setting',
    isError: true,
    body: [
      element(
        'ul',
        {},
        ...problems.map(({ parameter, message, accepted }) =>
          element(
            'li',
            {},
            element('code', {}, printable(parameter)),
            ` ${message}. Accepted: `,
            ...codes(accepted),
            '.',
          ),
        ),
      ),
      paragraph('The rest of the address is kept.'),
      button('Show the page without it', onReset),
    ],
  }
}

/** The message before the first connection. */
export function connectingMessage(url: string): Content {
  return {
    title: 'Connecting',
    body: [paragraph('Waiting for the first update of ', element('code', {}, url), '.')],
  }
}

/** The message for a server that does not answer or is not moonmeter, before the first update. */
export function failureMessage(failure: Failure, url: string, onRetry: () => void): Content {
  const { title, remedy } = adviceOn(failure)
  return {
    title,
    isError: true,
    body: [
      paragraph(element('code', {}, url), `: ${reasonOf(failure)}.`),
      paragraph(`${remedy} The page keeps trying.`),
      button('Try again now', onRetry),
    ],
  }
}

function adviceOn(failure: Failure): { readonly title: string; readonly remedy: string } {
  if (failure.state === 'refused') {
    return {
      title: 'This server is not moonmeter',
      remedy: 'Open the page at the address at which moonmeter serves it.',
    }
  }
  const { status } = failure
  if (status === undefined) {
    return {
      title: 'The server does not answer',
      remedy: 'Start the server, or check the network between it and this browser.',
    }
  }
  return {
    title: 'The server sends no figures',
    remedy:
      status === BUSY_STATUS
        ? 'It may have as many open pages as it allows: close those that are not in use.'
        : 'Look at the log of the server, or of the proxy in front of it.',
  }
}

/** The message for a server that requires a password, which only the browser can request. */
export function reloadMessage(): Content {
  return {
    title: 'The server asks for a user name and a password',
    isError: true,
    body: [
      paragraph('The browser asks for them when the page is loaded.'),
      button('Reload the page', () => location.reload()),
    ],
  }
}

/** The message before the first engine is connected. */
export function noEngineMessage(): Content {
  return {
    title: 'No engine is connected yet',
    body: [
      paragraph('Connect one on the main thread:'),
      code(CONNECT_LINES),
      paragraph('and record in the engine:'),
      code(RECORD_LINES),
      paragraph('The page shows it within a second.'),
    ],
  }
}

/** The message for a filter without matching rows. */
export function nothingMessage(view: LiveView, state: PageState, onClear: () => void): Content {
  const { operation, source, status } = state
  const { choices } = view
  const filters = [
    { what: 'operation', name: operation, known: choices.operations },
    { what: 'engine', name: source, known: choices.sources },
    { what: 'status', name: status, known: choices.statuses },
  ].filter((filter) => filter.name !== undefined)
  const unknown = filters.filter(({ name, known }) => !known.includes(name as string))
  if (filters.length === 0) {
    return {
      title: 'No operation in this window',
      body: [
        paragraph(
          `${countOf(view.engineCount, 'engine')} connected, but none recorded an operation ` +
            'in the window. The charts appear with the first one.',
        ),
      ],
    }
  }
  return {
    title: 'Nothing matches the filter',
    body: [
      paragraph(
        'No operation in the window has ',
        ...filters.flatMap(({ what, name }, index) => [
          `${index === 0 ? '' : ' and '}${what} `,
          element('code', {}, printable(name as string)),
        ]),
        '.',
      ),
      ...unknown.map(({ what, name, known }) =>
        paragraph(
          `No ${what} `,
          element('code', {}, printable(name as string)),
          ' was seen in the last 15 minutes. Seen: ',
          ...(known.length === 0 ? ['none'] : codes(known.slice(0, NAMES_MAX))),
          known.length > NAMES_MAX ? ` and ${known.length - NAMES_MAX} more.` : '.',
        ),
      ),
      button('Clear the filter', onClear),
    ],
  }
}

function code(lines: readonly string[]): HTMLPreElement {
  return element('pre', { tabindex: 0 }, element('code', {}, lines.join('\n')))
}
