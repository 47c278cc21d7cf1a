import { Page } from './page.js'

new Page(new URL('live', document.baseURI).href).start()
