import { Page } from './page.js'

const url = new URL('live', document.baseURI)
// An address may hold a user name and a password. `fetch` refuses one that does, and the browser sends
// those of the page for its stream, too.
url.username = ''
url.password = ''
new Page(url.href).start()
