import { Page } from './page.js'

const url = new URL('live', document.baseURI)
// `fetch` rejects a URL with a user name and a password. The browser sends those of the page with
// requests for the stream.
url.username = ''
url.password = ''
new Page(url.href).start()
