import { element } from './element.js'
import { type MessageContent, paragraph } from './message.js'

/** Valid tokens: the header `Authorization` permits no other characters. */
const TOKEN = /^[\x21-\x7e]+$/
const STORAGE_KEY = 'moonmeter-token'

/** The token that was entered in this tab; undefined for none. */
export function storedToken(): string | undefined {
  try {
    return sessionStorage.getItem(STORAGE_KEY) ?? undefined
  } catch {
    // Storage may be disabled; then the user must enter the token after each reload.
    return undefined
  }
}

/** Store a token until the tab is closed; undefined removes it. */
export function storeToken(token: string | undefined): void {
  try {
    if (token === undefined) sessionStorage.removeItem(STORAGE_KEY)
    else sessionStorage.setItem(STORAGE_KEY, token)
  } catch {
    // Storage may be disabled.
  }
}

/**
 * Creates the form for the bearer token.
 *
 * @param isWrong whether the server has refused a token
 */
export function tokenMessage(
  isWrong: boolean,
  onToken: (token: string) => void,
): Omit<MessageContent, 'key'> {
  const input = element('input', {
    id: 'token',
    type: 'password',
    autocomplete: 'off',
    spellcheck: 'false',
    required: '',
    'aria-describedby': 'token-error',
    'aria-invalid': isWrong ? 'true' : undefined,
  })
  const error = element(
    'p',
    { id: 'token-error', class: 'error-text', role: 'alert' },
    isWrong ? 'The server did not accept this token. Enter the one it was started with.' : '',
  )
  const form = element(
    'form',
    { class: 'token' },
    element('label', { for: 'token' }, 'Bearer token'),
    input,
    element('button', { type: 'submit', class: 'primary' }, 'Connect'),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const token = input.value.trim()
    if (TOKEN.test(token)) onToken(token)
    else {
      input.setAttribute('aria-invalid', 'true')
      error.textContent = 'A token has only letters, digits and signs of ASCII, and no spaces.'
    }
  })
  queueMicrotask(() => input.focus())
  return {
    title: 'The server asks for a token',
    body: [
      paragraph('It is the one that the server requires for its metrics. This tab keeps it.'),
      form,
      error,
    ],
  }
}
